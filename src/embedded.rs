//! What `build.rs` packed into the program, unpacked.

use std::io::Read as _;

use flate2::read::ZlibDecoder;

/// The text of packed bytes.
///
/// # Panics
/// If they are not what `build.rs` wrote.
pub(crate) fn text(packed: &[u8]) -> String {
    let mut text = String::new();
    ZlibDecoder::new(packed).read_to_string(&mut text).expect("what the build packed is text");
    text
}
