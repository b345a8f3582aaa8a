//! Zip archives byte by byte, sound or not as the caller likes.

use std::io::Write;

use flate2::Compression;
use flate2::write::DeflateEncoder;

use super::{files, pickles};

/// One entry and what its headers say of it.
#[derive(Clone)]
pub struct Packed {
    pub name: String,
    pub method: u16,
    pub bytes: Vec<u8>,
    pub len: u64,
    pub packed_len: u64,
    /// Where its own header is said to be; `None` for where it is.
    pub offset: Option<u64>,
}

impl Packed {
    pub fn stored(name: &str, bytes: &[u8]) -> Self {
        let len = bytes.len() as u64;
        Self { name: name.to_owned(), method: 0, bytes: bytes.to_vec(), len, packed_len: len, offset: None }
    }

    pub fn deflated(name: &str, bytes: &[u8]) -> Self {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        let packed = encoder.finish().unwrap();
        let (len, packed_len) = (bytes.len() as u64, packed.len() as u64);
        Self { name: name.to_owned(), method: 8, bytes: packed, len, packed_len, offset: None }
    }
}

/// An archive without checksums, all of its sizes in the 64-bit form.
pub fn zip(entries: &[Packed]) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for entry in entries {
        let offset = entry.offset.unwrap_or(out.len() as u64);
        out.extend(b"PK\x03\x04\x2d\0\0\0");
        out.extend(entry.method.to_le_bytes());
        out.extend([0; 4 + 4 + 8]);
        out.extend((entry.name.len() as u16).to_le_bytes());
        out.extend([0; 2]);
        out.extend(entry.name.bytes());
        out.extend(&entry.bytes);
        directory.extend(b"PK\x01\x02\x2d\0\x2d\0\0\0");
        directory.extend(entry.method.to_le_bytes());
        directory.extend([0; 4 + 4]);
        directory.extend([0xff; 8]);
        directory.extend((entry.name.len() as u16).to_le_bytes());
        directory.extend(28u16.to_le_bytes());
        directory.extend([0; 2 + 2 + 2 + 4]);
        directory.extend([0xff; 4]);
        directory.extend(entry.name.bytes());
        directory.extend([1, 0, 24, 0]);
        for number in [entry.len, entry.packed_len, offset] {
            directory.extend(number.to_le_bytes());
        }
    }
    end(&mut out, &directory, entries.len() as u64);
    out
}

/// Puts the directory and the records behind it.
fn end(out: &mut Vec<u8>, directory: &[u8], count: u64) {
    let start = out.len() as u64;
    out.extend(directory);
    let record = out.len() as u64;
    out.extend(b"PK\x06\x06");
    out.extend(44u64.to_le_bytes());
    out.extend([0; 2 + 2 + 4 + 4]);
    for number in [count, count, directory.len() as u64, start] {
        out.extend(number.to_le_bytes());
    }
    out.extend(b"PK\x06\x07\0\0\0\0");
    out.extend(record.to_le_bytes());
    out.extend(1u32.to_le_bytes());
    out.extend(b"PK\x05\x06\0\0\0\0");
    out.extend([0xff; 2 + 2 + 4 + 4]);
    out.extend([0; 2]);
}

/// The same archive, its directory's checksums set to 0: the sign that there are none.
pub fn without_checksums(bytes: &[u8]) -> Vec<u8> {
    let mut out = bytes.to_vec();
    let mut at = 0;
    while let Some(found) = out[at..].windows(4).position(|four| four == b"PK\x01\x02") {
        at += found;
        out[at + 16..at + 20].fill(0);
        at += 20;
    }
    out
}

/// Archives that say what is not so.
pub fn lies() -> Vec<(String, Vec<u8>)> {
    let array = files::npy(1, "<f4", false, "(4, 4)", &[0; 64]);
    let plain = Packed::stored("x.npy", &array);
    let deflated = Packed::deflated("x.npy", &array);
    let huge = files::npy(1, "<f4", false, "(268435456, 2)", &[0; 64]);
    let mut lies: Vec<(&str, Vec<u8>)> = vec![
        ("a length beyond the file", zip(&[Packed { len: 1 << 60, packed_len: 1 << 60, ..plain.clone() }])),
        ("lengths that differ", zip(&[Packed { len: 1 << 20, ..plain.clone() }])),
        ("a header beyond the file", zip(&[Packed { offset: Some(u64::MAX - 8), ..plain.clone() }])),
        ("a header that is none", zip(&[Packed { offset: Some(3), ..plain.clone() }])),
        (
            "two entries in one place",
            zip(&[plain.clone(), Packed { name: "y.npy".into(), offset: Some(0), ..plain.clone() }]),
        ),
        ("two entries of one name", zip(&[plain.clone(), plain.clone()])),
        ("an unknown method", zip(&[Packed { method: 99, ..plain.clone() }])),
        (
            "noise instead of packed bytes",
            zip(&[Packed { bytes: vec![0xa5; deflated.bytes.len()], ..deflated.clone() }]),
        ),
        ("more than it says", zip(&[Packed { len: 100, ..deflated.clone() }])),
        ("less than it says", zip(&[Packed { len: 1 << 31, ..Packed::deflated("x.npy", &huge) }])),
        (
            "an array of two gigabytes in a few bytes",
            zip(&[Packed { len: (1 << 31) + 128, ..Packed::deflated("x.npy", &huge) }]),
        ),
        (
            "a pickle of a gigabyte",
            zip(&[Packed { len: 1 << 30, ..Packed::deflated("a/data.pkl", b"\x80\x02}.") }]),
        ),
        (
            "a pickle without its storages",
            zip(&[Packed::stored(
                "a/data.pkl",
                &pickles::alone(&pickles::tensor("0", 16, 0, &[4, 4], &[4, 1])),
            )]),
        ),
        ("nothing at all", zip(&[])),
    ];
    let storage = Packed::stored("a/data/0", &[0; 60]);
    let pickle =
        Packed::stored("a/data.pkl", &pickles::alone(&pickles::tensor("0", 16, 0, &[4, 4], &[4, 1])));
    lies.push(("a storage that is too short", zip(&[pickle.clone(), storage])));
    let expanded = pickles::alone(&pickles::tensor("0", 1, 0, &[1 << 20, 1 << 10], &[0, 0]));
    lies.push((
        "one number a billion times",
        zip(&[Packed::stored("a/data.pkl", &expanded), Packed::stored("a/data/0", &[0; 4])]),
    ));
    let mut many = Vec::new();
    end(&mut many, &[], 1 << 40);
    lies.push(("entries without a directory", [b"PK\x03\x04".as_slice(), &many].concat()));
    let names: Vec<_> = (0..60_000).map(|i| Packed::stored(&i.to_string(), &[])).collect();
    lies.push(("very many entries", zip(&names)));
    lies.into_iter().map(|(what, bytes)| (what.to_owned(), bytes)).collect()
}
