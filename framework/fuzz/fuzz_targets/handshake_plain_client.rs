#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| millhand_fuzz::run("handshake_plain_client", octets));
