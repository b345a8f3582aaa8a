//! Pickles that hold one thing many times: what is looked at again and again is paid for again and again.

use std::time::{Duration, Instant};

use super::*;

/// A file of the older form with `root` for its third pickle and no storage.
fn legacy(root: &[u8]) -> Vec<u8> {
    let magic = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.";
    [magic.as_slice(), b"\x80\x02M\xe9\x03.", b"\x80\x02}.", b"\x80\x02", root, b".", b"\x80\x02]."].concat()
}

/// A list of `holders` references to whatever `inner` builds.
fn held_often(inner: &[u8], holders: usize) -> Vec<u8> {
    legacy(&[inner, b"q\x00](", &b"h\x00".repeat(holders), b"e"].concat())
}

#[track_caller]
fn check_soon_refused(what: &str, bytes: &[u8]) {
    let start = Instant::now();
    assert!(open_bytes(bytes).is_err(), "{what}");
    assert!(start.elapsed() < Duration::from_secs(2), "{what} took {:?}", start.elapsed());
}

/// Neither gives a name to anything, so that names alone would not pay for the looks.
#[test]
fn one_long_list_in_a_hundred_thousand_places_is_not_read_as_often() {
    // Room for what is built goes by the length of the file.
    let padding = |bytes: Vec<u8>| [bytes, vec![0; 20 << 20]].concat();
    let facts = [b"](".as_slice(), &[b'N'; 150_000], b"e"].concat();
    check_soon_refused("a list of facts", &padding(held_often(&facts, 80_000)));
    let nameless = [b"}(".as_slice(), &b"NN".repeat(75_000), b"u"].concat();
    check_soon_refused("a dictionary without names", &padding(held_often(&nameless, 80_000)));
}

fn text(text: &[u8]) -> Vec<u8> {
    [b"X", (text.len() as u32).to_le_bytes().as_slice(), text].concat()
}

#[test]
fn calls_with_one_long_list_pay_for_it_each_time() {
    let facts = [b"](".as_slice(), &[b'N'; 150_000], b"e\x85q\x01ccollections\nOrderedDict\nq\x02"].concat();
    let calls = b"h\x02h\x01R0".repeat(200_000);
    let padding = vec![0; 40 << 20];
    check_soon_refused("calls", &[legacy(&[facts, calls].concat()), padding].concat());
}

/// Each of these would be gigabytes if it were built before it is paid for.
#[test]
fn long_names_are_paid_for_before_they_are_built() {
    let long = text(&vec![b'n'; 1 << 20]);
    let prefix = [b"}(", long.as_slice(), b"](]", &b"N".repeat(20_000), b"eu"].concat();
    check_soon_refused("a long name before many", &legacy(&prefix));
    let many = [long.as_slice(), b"q\x000}(", &b"h\x00N".repeat(20_000), b"u"].concat();
    check_soon_refused("a long name many times", &legacy(&many));
    let storage = [
        b"(".as_slice(),
        &text(b"storage"),
        b"ctorch\nFloatStorage\n",
        &long,
        &text(b"cpu"),
        b"K\x01tQq\x000ctorch._utils\n_rebuild_tensor_v2\n(h\x00K\x00K\x01\x85K\x01\x85tRq\x010](",
        &b"h\x01".repeat(5000),
        b"e",
    ];
    check_soon_refused("a storage of a long name under many", &legacy(&storage.concat()));
}
