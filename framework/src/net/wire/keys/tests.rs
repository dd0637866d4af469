//! Keys: which there are, how they are written, and that they stay secret.

use std::collections::HashSet;

use crypto_box::aead::AeadInPlace;
use proptest::prelude::*;

use super::*;

/// The pair that the manual pages of ZeroMQ give as their example.
const PUBLIC: &str = "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID";
const SECRET: &str = "D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs";

/// Alice's keys and Bob's public key in the test of NaCl's boxes.
const ALICE: &str = "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a";
const ALICE_PUBLIC: &str = "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a";
const BOB_PUBLIC: &str = "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f";

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.chars().map(|c| c.to_digit(16).unwrap() as u8).collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

fn key(text: &str) -> [u8; KEY_SIZE] {
    hex(text).try_into().unwrap()
}

#[test]
fn the_box_of_the_nacl_test_comes_out() {
    let nonce = hex("69696ee955b62b73cd62bda875fc73d68219e0036b7a0b37");
    let mut text = hex(concat!(
        "be075fc53c81f2d5cf141316ebeb0c7b5228c52a4c62cbd44b66849b64244ffce5ecbaaf33bd751a",
        "1ac728d45e6c61296cdc3c01233561f41db66cce314adb310e3be8250c46f06dceea3a7fa1348057",
        "e2f6556ad6b1318a024a838f21af1fde048977eb48f59ffd4924ca1c60902e52f0a089bc76897040",
        "e082f937763848645e0705",
    ));
    let expected = hex(concat!(
        "f3ffc7703f9400e52a7dfb4b3d3305d98e993b9f48681273c29650ba32fc76ce48332ea7164d96a4",
        "476fb8c531a1186ac0dfc17c98dce87b4da7f011ec48c97271d2c20f9b928fe2270d6fb863d51738",
        "b48eeee314a7cc8ab932164548e526ae90224368517acfeabd6bb3732bc0e9da99832b61ca01b6de",
        "56244a9e88d5f9b37973f622a43d14a6599b1f654cb45a74e355a5",
    ));
    let alice = KeyPair::from_secret(SecretKey::from_bytes(key(ALICE)));
    assert_eq!(alice.public.as_bytes(), &key(ALICE_PUBLIC));
    let bob = PublicKey::from_bytes(key(BOB_PUBLIC)).unwrap();
    let tag = alice
        .secret
        .shared(&bob)
        .encrypt_in_place_detached(nonce.as_slice().into(), &[], &mut text)
        .unwrap();
    assert_eq!([tag.as_slice(), &text].concat(), expected);
}

#[test]
fn a_pair_that_others_made_belongs_together() {
    let pair = KeyPair { public: PUBLIC.parse().unwrap(), secret: SECRET.parse().unwrap() };
    pair.check().unwrap();
    assert_eq!(KeyPair::from_secret(pair.secret.clone()).public, pair.public);
    assert_eq!(pair.public.to_string(), PUBLIC);
    assert_eq!(pair.secret.to_z85().as_str(), SECRET);
}

#[test]
fn halves_of_two_pairs_do_not_belong_together() {
    let (one, other) = (KeyPair::generate(), KeyPair::generate());
    one.check().unwrap();
    assert_ne!(one.public, other.public);
    let mixed = KeyPair { public: one.public, secret: other.secret };
    assert_eq!(mixed.check(), Err(KeyError::Halves));
}

/// How many different keys forty strangers share with this one.
fn keys_shared(point: [u8; KEY_SIZE]) -> usize {
    let key = |_| {
        let shared = SecretKey::generate().shared(&PublicKey(point));
        shared.encrypt_in_place_detached(&Default::default(), &[], &mut []).unwrap().to_vec()
    };
    (0..40).map(key).collect::<HashSet<_>>().len()
}

#[test]
fn points_of_small_order_are_no_keys() {
    for point in SMALL_ORDER {
        assert_eq!(PublicKey::from_bytes(point), Err(KeyError::SmallOrder));
        assert!(keys_shared(point) <= 8, "{point:02x?} is not of small order");
    }
    let honest = *KeyPair::generate().public.as_bytes();
    assert_eq!(keys_shared(honest), 40);
}

/// X25519 computes with both spellings of a key alike; an allow-list would not know the second one.
#[test]
fn a_second_spelling_of_a_key_is_refused() {
    let mut octets = *KeyPair::generate().public.as_bytes();
    octets[31] |= 0x80;
    assert_eq!(PublicKey::from_bytes(octets), Err(KeyError::Spelling));

    // 2²⁵⁵ - 19 is the first number that is too large: zero again.
    let mut prime = [0xff; KEY_SIZE];
    prime[0] = 0xed;
    prime[31] = 0x7f;
    assert_eq!(PublicKey::from_bytes(prime), Err(KeyError::Spelling));
    prime[0] = 0xeb;
    PublicKey::from_bytes(prime).unwrap();
    prime[0] = 0xff;
    assert_eq!(PublicKey::from_bytes(prime), Err(KeyError::Spelling));
}

#[test]
fn debug_shows_no_secret() {
    let pair = KeyPair { public: PUBLIC.parse().unwrap(), secret: SECRET.parse().unwrap() };
    assert_eq!(
        format!("{pair:?}"),
        format!("KeyPair {{ public: PublicKey({PUBLIC}), secret: SecretKey {{ .. }} }}")
    );
}

#[test]
fn a_text_of_another_length_is_no_key() {
    assert_eq!(PUBLIC[1..].parse::<PublicKey>(), Err(KeyError::Length { octets: 39 }));
    let error = format!("{SECRET}00000").parse::<SecretKey>().unwrap_err();
    assert_eq!(error, KeyError::Length { octets: 45 });
    let error = PUBLIC.replace('@', " ").parse::<PublicKey>().unwrap_err();
    assert_eq!(error, KeyError::Text(Z85Error::Digit { offset: 3 }));
}

proptest! {
    #[test]
    fn a_key_survives_its_text(octets in any::<[u8; KEY_SIZE]>()) {
        let secret = SecretKey::from_bytes(octets);
        prop_assert_eq!(secret.to_z85().parse::<SecretKey>().unwrap().0, secret.0);
        if let Ok(public) = PublicKey::from_bytes(octets) {
            prop_assert_eq!(public.to_string().parse(), Ok(public));
        }
    }
}
