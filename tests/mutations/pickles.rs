//! Pickles word by word, in files of the older form, which has no checksums.

/// A file of the older form around a pickle's words and the bytes behind the pickles.
pub fn legacy(root: &[u8], storages: &[u8]) -> Vec<u8> {
    let magic = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.";
    let keys = if storages.is_empty() {
        b"\x80\x02].".to_vec()
    } else {
        [b"\x80\x02]", text("0").as_slice(), b"a."].concat()
    };
    [magic.as_slice(), b"\x80\x02M\xe9\x03.", b"\x80\x02}.", b"\x80\x02", root, b".", &keys, storages]
        .concat()
}

/// A pickle of its own.
pub fn alone(root: &[u8]) -> Vec<u8> {
    [b"\x80\x02", root, b"."].concat()
}

pub fn text(text: &str) -> Vec<u8> {
    [b"X", (text.len() as u32).to_le_bytes().as_slice(), text.as_bytes()].concat()
}

fn int(number: i64) -> Vec<u8> {
    [b"\x8a\x08".as_slice(), &number.to_le_bytes()].concat()
}

fn ints(numbers: &[i64]) -> Vec<u8> {
    [b"(".to_vec(), numbers.iter().flat_map(|&number| int(number)).collect(), b"t".to_vec()].concat()
}

/// A view into the storage `key` of `count` f32.
pub fn tensor(key: &str, count: i64, offset: i64, shape: &[i64], strides: &[i64]) -> Vec<u8> {
    let storage = [
        b"(".to_vec(),
        text("storage"),
        b"ctorch\nFloatStorage\n".to_vec(),
        text(key),
        text("cpu"),
        int(count),
        b"tQ".to_vec(),
    ];
    let head = [b"ctorch._utils\n_rebuild_tensor_v2\n(".to_vec(), storage.concat(), int(offset)].concat();
    [head, ints(shape), ints(strides), b"\x89}tR".to_vec()].concat()
}

/// A storage of `count` f32 as it lies behind the pickles.
fn storage(count: usize) -> Vec<u8> {
    [(count as u64).to_le_bytes().to_vec(), vec![0; 4 * count]].concat()
}

fn dict(items: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let items: Vec<u8> =
        items.iter().flat_map(|(name, value)| [text(name), value.clone()].concat()).collect();
    [b"}(".as_slice(), &items, b"u"].concat()
}

/// Words that a pickle may be made of, whole ones.
pub fn words() -> Vec<Vec<u8>> {
    let mut words: Vec<Vec<u8>> = b"(0123N)t]laeds}uRbQo\x81\x85\x86\x87\x88\x89\x8f\x90\x91\x92\x93\x94"
        .iter()
        .map(|&word| vec![word])
        .collect();
    words.extend((0..4u8).flat_map(|index| [vec![b'q', index], vec![b'h', index]]));
    words.extend([
        b"ccollections\nOrderedDict\n".to_vec(),
        b"ctorch\nSize\n".to_vec(),
        b"cx\ny\n".to_vec(),
        b"I01\n".to_vec(),
        b"F1.5\n".to_vec(),
    ]);
    words.extend([
        text("a"),
        text("storage"),
        int(-1),
        int(i64::MAX),
        vec![b'K', 3],
        ints(&[2, 2]),
        tensor("0", 4, 0, &[2, 2], &[2, 1]),
    ]);
    words
}

/// Files that say what is not so, or far too much.
pub fn lies() -> Vec<(String, Vec<u8>)> {
    let view = |offset: i64, shape: &[i64], strides: &[i64]| {
        legacy(&tensor("0", 16, offset, shape, strides), &storage(16))
    };
    let many =
        |count: usize, word: &dyn Fn(usize) -> Vec<u8>| -> Vec<u8> { (0..count).flat_map(word).collect() };
    let wide = 1i64 << 60;
    let mut lies: Vec<(&str, Vec<u8>)> = vec![
        ("a shape beyond counting", view(0, &[wide, wide], &[1, 1])),
        ("a shape of 2^60 without steps", view(0, &[wide], &[0])),
        ("a shape whose bytes are beyond counting", view(0, &[1 << 31, 1 << 31], &[0, 0])),
        ("a shape beyond the storage", view(0, &[17], &[1])),
        ("an offset beyond the storage", view(16, &[1], &[1])),
        ("an offset beyond counting", view(i64::MAX, &[4], &[1])),
        ("steps beyond counting", view(0, &[4, 4], &[wide, wide])),
        ("a negative offset", view(-1, &[4], &[1])),
        ("negative steps", view(3, &[4], &[-1])),
        ("a negative shape", view(0, &[-4], &[1])),
        ("more steps than axes", view(0, &[4], &[1, 1])),
        ("a billion numbers of one", view(0, &[1 << 30], &[0])),
        ("windows that repeat a storage many times", view(0, &[8, 9, 9, 9, 9], &[1, 0, 0, 0, 0])),
        ("very many axes", view(0, &[1; 5000], &[1; 5000])),
        (
            "a storage beyond the file",
            legacy(&tensor("0", 16, 0, &[4], &[1]), &[&[0xff; 7], [0x0f].as_slice(), &[0; 64]].concat()),
        ),
        ("a storage that is not there", legacy(&tensor("1", 16, 0, &[4], &[1]), &storage(16))),
        ("no storage", legacy(&tensor("0", 16, 0, &[4], &[1]), &[])),
        ("a deep list", legacy(&[vec![b']'; 1 << 20], vec![b'a'; (1 << 20) - 1]].concat(), &[])),
        ("deep tuples", legacy(&[vec![b')'], vec![0x85; 1 << 20]].concat(), &[])),
        ("very many marks", legacy(&vec![b'('; 1 << 20], &[])),
        ("very many nothings", legacy(&vec![b'N'; 1 << 20], &[])),
        ("very many dictionaries", legacy(&vec![b'}'; 1 << 20], &[])),
        ("very many copies", legacy(&[vec![b'N'], vec![b'2'; 1 << 20]].concat(), &[])),
        (
            "a million keys",
            legacy(
                &[
                    b"}(".to_vec(),
                    many(1_000_000, &|i| [text(&i.to_string()), vec![b'K', 1]].concat()),
                    b"u".to_vec(),
                ]
                .concat(),
                &[],
            ),
        ),
        ("a reference out of order", legacy(b"Nr\xff\xff\xff\x7f", &[])),
        ("a reference to nothing", legacy(b"h\x05", &[])),
        ("a text longer than the file", legacy(b"X\xff\xff\xff\xffabc", &[])),
        ("a text longer than memory", legacy(b"\x8d\xff\xff\xff\xff\xff\xff\xff\x7fabc", &[])),
        (
            "a number of a megabyte",
            legacy(&[b"\x8b\x00\x00\x10\x00".to_vec(), vec![1; 1 << 20]].concat(), &[]),
        ),
        (
            "a number of many digits",
            legacy(&[b"I".to_vec(), vec![b'9'; 1 << 20], b"\n".to_vec()].concat(), &[]),
        ),
        ("a call of something", legacy(b"cos\nsystem\nX\x02\0\0\0id\x85R", &[])),
        ("an unknown instruction", legacy(b"\xff", &[])),
        ("a list in itself", legacy(b"]q\0h\0ah\0ah\0a", &[])),
    ];
    // Each level holds the one below it twice: 2^60 paths in a few hundred bytes, to no tensor or to one.
    let doubled = |leaf: Vec<u8>| {
        let level = |i: u8| {
            [b"}(".to_vec(), text("a"), vec![b'h', i], text("b"), vec![b'h', i, b'u', b'q', i + 1]].concat()
        };
        [leaf, vec![b'q', 0], (0..60).flat_map(level).collect()].concat()
    };
    lies.push(("two to the power of sixty paths", legacy(&doubled(b"}".to_vec()), &[])));
    lies.push(("as many paths to a tensor", legacy(&doubled(tensor("0", 16, 0, &[4], &[1])), &storage(16))));
    // As many names as fit for one storage, each a codebook of a quantizer.
    let shared = tensor("0", 1 << 16, 0, &[1 << 10, 64], &[64, 1]);
    let names =
        many(2000, &|i| [text(&format!("quantizer.vq.layers.{i}._codebook.embed")), vec![b'h', 0]].concat());
    let root = [shared, b"q\x00}(".to_vec(), names, b"u".to_vec()].concat();
    lies.push(("one codebook under two thousand layers", legacy(&root, &storage(1 << 16))));
    lies.into_iter().map(|(what, bytes)| (what.to_owned(), bytes)).collect()
}

/// Files that look odd and are to be opened all the same.
pub fn odd_but_sound() -> Vec<(String, Vec<u8>)> {
    let frames = || tensor("0", 16, 0, &[4, 4], &[4, 1]);
    vec![
        ("a tensor".to_owned(), legacy(&frames(), &storage(16))),
        ("a tensor turned round".to_owned(), legacy(&tensor("0", 16, 0, &[4, 4], &[1, 4]), &storage(16))),
        ("windows over each other".to_owned(), legacy(&tensor("0", 16, 0, &[4, 6], &[2, 1]), &storage(16))),
        (
            "a tensor beside a loop".to_owned(),
            legacy(
                &[b"}q\x05(".to_vec(), text("x"), frames(), text("y"), b"h\x05u".to_vec()].concat(),
                &storage(16),
            ),
        ),
        (
            "a call beside a tensor".to_owned(),
            legacy(
                &dict(&[("x", frames()), ("y", b"cos\nsystem\nX\x02\0\0\0id\x85R".to_vec())]),
                &storage(16),
            ),
        ),
        (
            "a tensor in an instance".to_owned(),
            legacy(&[b"cx\nY\n)\x81}(".to_vec(), text("x"), frames(), b"ub".to_vec()].concat(), &storage(16)),
        ),
    ]
}
