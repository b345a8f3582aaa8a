//! NumPy arrays of features, codes and codebooks.

use super::*;

const SIX: [f32; 6] = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];

fn bytes<const N: usize>(convert: impl Fn(f32) -> [u8; N]) -> Vec<u8> {
    SIX.iter().flat_map(|&v| convert(v)).collect()
}

#[test]
fn every_float_type_order_and_version_gives_the_same_array() {
    let wanted = array![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]];
    let columns: Vec<u8> = [1f32, 4.0, 2.0, 5.0, 3.0, 6.0].iter().flat_map(|v| v.to_le_bytes()).collect();
    let files = [
        npy(1, "<f4", false, "(2, 3)", &bytes(f32::to_le_bytes)),
        npy(2, ">f4", false, "(2, 3,)", &bytes(f32::to_be_bytes)),
        npy(3, "<f8", false, "(2L, 3L)", &bytes(|v| f64::from(v).to_le_bytes())),
        npy(1, ">f8", false, "(2, 3)", &bytes(|v| f64::from(v).to_be_bytes())),
        npy(1, "<f2", false, "(2, 3)", &bytes(|v| half::f16::from_f32(v).to_le_bytes())),
        npy(1, "<f4", true, "(2, 3)", &columns),
        npy(1, "<f4", true, "(1, 2, 3)", &columns),
    ];
    for file in files {
        assert_eq!(features(open_bytes(&file).unwrap()).values.view(), wanted);
    }
}

#[test]
fn the_time_axis_is_guessed_with_a_reason_and_can_be_switched() {
    let guess = |shape: &str, len: usize| {
        let features = features(open_bytes(&npy(1, "<f2", false, shape, &vec![0; len * 2])).unwrap());
        assert!(!features.guess_reason.english().is_empty());
        features.time_axis
    };
    assert_eq!(guess("(1, 30, 20)", 600), TimeAxis::Columns);
    assert_eq!(guess("(1, 20, 64)", 1280), TimeAxis::Rows);
    assert_eq!(guess("(100, 30)", 3000), TimeAxis::Rows);
    assert_eq!(guess("(30, 100)", 3000), TimeAxis::Columns);
    assert_eq!(guess("(80, 30)", 2400), TimeAxis::Columns);
    assert_eq!(guess("(30, 80)", 2400), TimeAxis::Rows);
    assert_eq!(guess("(64, 128)", 8192), TimeAxis::Columns);
    assert_eq!(guess("(30, 30)", 900), TimeAxis::Rows);

    let file = npy(1, "<f4", false, "(2, 3)", &bytes(f32::to_le_bytes));
    let features = features(open_bytes(&file).unwrap());
    assert_eq!(features.time_axis, TimeAxis::Columns);
    let rows = features.clone().into_matrix(TimeAxis::Rows).unwrap();
    assert_eq!(rows, array![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
    let columns = features.into_matrix(TimeAxis::Columns).unwrap();
    assert_eq!(columns, array![[1.0, 4.0], [2.0, 5.0], [3.0, 6.0]]);
    assert!(columns.is_standard_layout());
}

#[test]
fn a_value_that_is_not_finite_is_found_at_its_frame() {
    let values: Vec<u8> = [0.0, f32::NAN, 0.0, 0.0].iter().flat_map(|v| v.to_le_bytes()).collect();
    let features = features(open_bytes(&npy(1, "<f4", false, "(2, 2)", &values)).unwrap());
    let words = features.into_matrix(TimeAxis::Columns).unwrap_err().to_string();
    assert!(words.starts_with("the value at frame 1, dimension 0 is NaN"), "{words}");
}

#[test]
fn whole_numbers_are_codes() {
    let wanted = array![[1u32, 2, 3], [4, 5, 6]];
    let files = [
        npy(1, "|i1", false, "(2, 3)", &bytes(|v| (v as i8).to_le_bytes())),
        npy(1, "|u1", false, "(2, 1, 3)", &bytes(|v| (v as u8).to_le_bytes())),
        npy(1, "<i2", false, "(2, 3)", &bytes(|v| (v as i16).to_le_bytes())),
        npy(1, ">u2", false, "(2, 3)", &bytes(|v| (v as u16).to_be_bytes())),
        npy(1, ">i4", false, "(1, 2, 3)", &bytes(|v| (v as i32).to_be_bytes())),
        npy(1, "<u4", false, "(2, 3)", &bytes(|v| (v as u32).to_le_bytes())),
        npy(1, "<i8", false, "(2, 3)", &bytes(|v| (v as i64).to_le_bytes())),
        npy(1, "<u8", false, "(2, 3)", &bytes(|v| (v as u64).to_le_bytes())),
    ];
    for file in files {
        assert_eq!(codes(open_bytes(&file).unwrap()).values, wanted);
    }
    let tall = codes(open_bytes(&npy(1, "|u1", false, "(3, 2)", &[1, 4, 2, 5, 3, 6])).unwrap());
    assert_eq!((tall.time_axis, &tall.values), (TimeAxis::Rows, &wanted));
    let switched = tall.switched();
    assert_eq!((switched.time_axis, switched.values), (TimeAxis::Columns, wanted.reversed_axes()));
}

#[test]
fn numbers_that_do_not_fit_are_named() {
    let far = [1.0, 1e300].iter().flat_map(|v: &f64| v.to_le_bytes()).collect::<Vec<_>>();
    check_refused(&npy(1, "<f8", false, "(1, 2)", &far), "value number 1 is 1e300");
    check_refused(
        &npy(1, "|i1", false, "(1, 2)", &[0, 0xfe]),
        "layer 0, frame 1: -2 is no code; --ignore -2",
    );
    check_refused(&npy(1, "<u4", false, "(1, 1)", &[0, 0, 0, 0x80]), "2147483648");
    check_refused(&npy(1, "<u8", false, "(1, 1)", &[0xff; 8]), "18446744073709551615");
}

#[test]
fn headers_that_lie_or_are_not_read_are_refused() {
    let data = [0u8; 24];
    check_refused(&npy(1, "<f4", false, "(6,)", &data), "reshape it to [frames, dimensions]");
    check_refused(&npy(1, "<f4", false, "()", &data[..4]), "reshape");
    check_refused(&npy(1, "<f4", false, "(0, 3)", &[]), "no values");
    check_refused(&npy(1, "<f4", false, "(3, 3)", &data), "tells of 36 bytes of values, but 24");
    check_refused(&npy(1, "<f4", false, "(1, 3)", &data), "12 bytes follow the array");
    check_refused(&npy(1, "<f4", false, "(4294967296, 4294967296)", &data), "beyond counting");
    check_refused(&npy(1, "<f4", false, "(99999999999999999999999, 1)", &data), "not one that NumPy writes");
    check_refused(&npy(1, "<f4", false, "(-1, 3)", &data), "not one that NumPy writes");
    check_refused(&npy(1, "<i4", false, "(2, 3, 2, 2)", &[0; 96]), "cannot be codes");
    check_refused(&npy(1, "<c8", false, "(1, 3)", &data), "'<c8'");
    check_refused(&npy(1, "|b1", false, "(4, 6)", &data), "'|b1'");
    check_refused(&npy(9, "<f4", false, "(2, 3)", &data), "version 9");
    check_refused(b"\x93NUMPY\x01\x00\xff\xff{", "ends inside the header");
    let record = npy(1, "X", false, "(2, 3)", &data);
    let record = String::from_utf8_lossy(&record).replace("'X'", "[('a', '<f4')]");
    let record: Vec<u8> = record.chars().map(|c| if c == '\u{fffd}' { 0x93 } else { c as u8 }).collect();
    check_refused(&[&record[..8], &[200, 0], &record[10..], &[b' '; 200]].concat(), "records");
}

#[test]
fn arrays_that_are_written_read_back() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("x.npy");
    let values = array![[1.5f32, -2.0, 1e-30], [4.0, 5.0, 6.0]];
    io::write_f32_npy(&path, values.view()).unwrap();
    assert_eq!(features(open(&path).unwrap()).values.view(), values);
    io::write_f32_npy(&path, values.t()).unwrap();
    assert_eq!(features(open(&path).unwrap()).values.view(), values.t());

    let values = array![[0u32, 1023, 7], [i32::MAX as u32, 5, 6]];
    io::write_codes(&path, values.view(), &Default::default()).unwrap();
    assert_eq!(codes(open(&path).unwrap()).values, values);
    let from_numpy: Array2<i32> = ndarray_npy::read_npy(&path).unwrap();
    assert_eq!(from_numpy, values.mapv(|v| v as i32));
    let err = io::write_codes(&path, array![[u32::MAX - 1]].view(), &Default::default()).unwrap_err();
    assert!(err.to_string().starts_with("the code 4294967294 does not fit"));
    assert_eq!(codes(open(&path).unwrap()).values, values, "the old file stays");
}

#[test]
fn three_axes_are_codebooks() {
    let model = model(open_bytes(&npy(1, "<f4", false, "(2, 1, 3)", &bytes(f32::to_le_bytes))).unwrap());
    assert_eq!((model.info.family.as_str(), model.rvq.num_layers(), model.rvq.dim()), ("bare", 2, 3));
    assert!(model.info.notes()[0].contains("no EMA state"));
}
