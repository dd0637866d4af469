#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| millhand_fuzz::run("decoder", octets));
