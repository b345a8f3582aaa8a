//! Formats of other programs with many clips in a file.

use rvqscope::io::Wanted;

use super::*;

#[test]
fn json_of_clips_records_and_lines() {
    let a: Vec<Vec<u32>> = (0..4).map(|layer| (0..30).map(|t| (layer * 7 + t * 3) % 50).collect()).collect();
    let b: Vec<Vec<u32>> = (0..4).map(|layer| (0..12).map(|t| (layer + t * 5) % 50).collect()).collect();
    let dict = serde_json::json!({"utt1": a, "utt2": b}).to_string();
    let records =
        serde_json::json!([{"id": "utt1", "codes": a, "dur": 1.5}, {"id": "utt2", "codes": b}]).to_string();
    let lines = format!(
        "{}\n{}\n",
        serde_json::json!({"id": "utt1", "codes": a}),
        serde_json::json!({"id": "utt2", "codes": b})
    );
    for text in [dict, records, lines] {
        let read = codes(open_bytes(text.as_bytes()).unwrap());
        assert_eq!(read.clips, [("utt1".to_owned(), 30), ("utt2".to_owned(), 12)], "{text}");
        assert_eq!((read.values.nrows(), read.values[[3, 29]], read.values[[1, 32]]), (4, a[3][29], b[1][2]));
    }
    // Several versions of each clip are no clips of their own: one is known by its name, or none is taken.
    let records = |other: &str| serde_json::json!([{"id": "utt1", "refs": a, other: a}, {"id": "utt2", "refs": b, other: b}]);
    let read = codes(io_as_codes(&records("codes").to_string()).unwrap());
    assert_eq!(read.clips, [("utt1".to_owned(), 30), ("utt2".to_owned(), 12)]);
    assert!(read.notices.iter().any(|notice| notice.text().contains("utt1.refs")), "{:?}", read.notices);
    check_refused(records("ids").to_string().as_bytes(), "could be data as well");
    check_refused(records("mine").to_string().as_bytes(), "arrays of the names mine, refs");
    // Two speakers with two clips each.
    let speakers = serde_json::json!({"spk1": {"x": a, "y": b}, "spk2": {"x": b, "y": a}}).to_string();
    assert_eq!(codes(open_bytes(speakers.as_bytes()).unwrap()).clips.len(), 4);
    let units = "{\"audio\": \"a.wav\", \"hubert\": \"71 12 57 12 4 4 4 9\"}\n{\"audio\": \"b.wav\", \"hubert\": \"1 2 3\"}\n";
    let read = codes(open_bytes(units.as_bytes()).unwrap());
    assert_eq!((read.values.dim(), read.clips.len()), ((1, 11), 2));
    let frames =
        serde_json::json!({"x": (0..9).map(|t| vec![f64::from(t) + 0.5; 3]).collect::<Vec<_>>()}).to_string();
    assert_eq!(features(open_bytes(frames.as_bytes()).unwrap()).values.view().dim(), (9, 3));
    // Settings of a model are no data.
    check_refused(b"{\"ratios\": [8, 5, 4, 2], \"name\": \"x\"}", "none of the formats");
    check_refused(b"[[1,2,3,4,5,6,7,8],[1,2,3", "this JSON cannot be read");
    check_refused(b"[[1,2,3,4,5,6,7,8],[1,2,true]]", "no arrays of this JSON");
}

/// Opens a text for its codes.
fn io_as_codes(text: &str) -> Result<Opened, FileError> {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("x.json");
    std::fs::write(&path, text).unwrap();
    let wanted = Wanted { need: io::Need::Codes, ..Wanted::default() };
    io::open_as(&path, wanted, &Task::silent(&Cancel::default()))
}

/// A matrix of float32 as Kaldi writes it.
fn kaldi(key: &str, rows: i32, values: &[f32]) -> Vec<u8> {
    let columns = values.len() as i32 / rows;
    let mut bytes = format!("{key} ").into_bytes();
    bytes.extend(b"\0BFM \x04");
    bytes.extend(rows.to_le_bytes());
    bytes.push(4);
    bytes.extend(columns.to_le_bytes());
    bytes.extend(values.iter().flat_map(|v| v.to_le_bytes()));
    bytes
}

#[test]
fn kaldi_archives_and_scripts() {
    let values: Vec<f32> = (0..24).map(|v| v as f32 / 4.0).collect();
    let ark = [kaldi("utt1", 5, &values[..15]), kaldi("utt2", 3, &values[..9])].concat();
    let read = features(open_bytes(&ark).unwrap());
    assert_eq!(read.clips, [("utt1".to_owned(), 5), ("utt2".to_owned(), 3)]);
    assert_eq!(
        (read.values.view().dim(), read.values.view()[[4, 2]], read.values.view()[[5, 0]]),
        ((8, 3), 3.5, 0.0)
    );
    check_refused(&ark[..ark.len() - 1], "tells of");
    // A script names an archive that has moved: the one beside it counts.
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("a.ark"), &ark).unwrap();
    let script = folder.path().join("a.scp");
    std::fs::write(&script, format!("utt2 /nowhere/a.ark:{}\n", 20 + 60 + 5)).unwrap();
    let read = features(open(&script).unwrap());
    assert_eq!(read.values.view(), Array2::from_shape_vec((3, 3), values[..9].to_vec()).unwrap());
    std::fs::write(&script, "utt2 /nowhere/b.ark:5\n").unwrap();
    assert!(open(&script).unwrap_err().to_string().contains("is not there"));
    // One entry by many names: some are a corpus, thousands of them memory without end.
    let lines = |count: usize| (0..count).map(|nth| format!("utt{nth} a.ark:5\n")).collect::<String>();
    std::fs::write(&script, lines(20)).unwrap();
    assert_eq!(features(open(&script).unwrap()).clips.len(), 20);
    std::fs::write(&script, lines(3000)).unwrap();
    assert!(open(&script).unwrap_err().to_string().contains("name each once"));
    // Text, and packed columns.
    let text = features(open_bytes(b"utt1  [\n  1 2 3\n  4 5 6.5 ]\nutt2  [\n  7 8 9 ]\n").unwrap());
    assert_eq!((text.clips.len(), text.values.view()[[2, 1]]), (2, 8.0));
    let mut packed = b"utt1 \0BCM ".to_vec();
    packed.extend(
        [(-1.0f32).to_le_bytes(), 2f32.to_le_bytes(), 4i32.to_le_bytes(), 1i32.to_le_bytes()].concat(),
    );
    packed.extend([0u16, 16_384, 49_151, 65_535].iter().flat_map(|v| v.to_le_bytes()));
    packed.extend([0u8, 64, 192, 255]);
    let read = features(open_bytes(&packed).unwrap());
    let rows = read.values.view().iter().copied().collect::<Vec<_>>();
    for (value, expected) in rows.iter().zip([-1.0, -0.5, 0.5, 1.0]) {
        assert!((value - expected).abs() < 1e-4, "{rows:?}");
    }
    let ints =
        [b"utt1 \0B\x04".as_slice(), &3i32.to_le_bytes(), &[4, 7, 0, 0, 0, 4, 8, 0, 0, 0, 4, 9, 0, 0, 0]]
            .concat();
    assert_eq!(codes(open_bytes(&ints).unwrap()).values, array![[7u32, 8, 9]]);
}

#[test]
fn encodec_streams() {
    // 641 samples are 3 frames; ids of ten bits, the lowest first.
    let header = br#"{"m": "encodec_24khz", "al": 641, "nc": 2, "lm": false}"#;
    let ids = [1023u64, 1, 2, 3, 512, 5];
    let packed = ids.iter().enumerate().fold(0u64, |bits, (nth, id)| bits | id << (10 * nth));
    let mut bytes = b"ECDC\0".to_vec();
    bytes.extend((header.len() as u32).to_be_bytes());
    bytes.extend(header);
    bytes.extend(&packed.to_le_bytes()[..8]);
    let read = codes(open_bytes(&bytes).unwrap());
    assert_eq!(read.values, array![[1023u32, 2, 512], [1, 3, 5]]);
    assert_eq!((read.stated.codebook_sizes, read.stated.frame_rate_hz), (vec![1024; 2], Some(75.0)));
    check_refused(&bytes[..bytes.len() - 3], "cut short");
    let packed = String::from_utf8_lossy(&bytes).replace("false", "true ");
    check_refused(packed.as_bytes(), "language model");
}

#[test]
fn bare_numbers_lengths_beside_an_array_and_formats_that_are_not_read() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("x.bin");
    let bytes: Vec<u8> = (0..30).flat_map(|v| (v as f32 / 8.0).to_le_bytes()).collect();
    std::fs::write(&path, &bytes).unwrap();
    let with_dim = |path: &Path, dim| {
        let wanted = Wanted { dim: Some(dim), ..Wanted::default() };
        io::open_as(path, wanted, &Task::silent(&Cancel::default()))
    };
    assert_eq!(features(with_dim(&path, 5).unwrap()).values.view().dim(), (6, 5));
    assert!(with_dim(&path, 7).unwrap_err().to_string().contains("no whole number of frames"));
    assert!(open(&path).is_err());
    let array = folder.path().join("0_1.npy");
    std::fs::write(&array, npy(1, "<f4", false, "(10, 3)", &bytes)).unwrap();
    std::fs::write(folder.path().join("0_1.len"), "4\n6\n").unwrap();
    let read = features(open(&array).unwrap());
    assert_eq!(
        (read.clips, read.time_axis),
        (vec![("clip 1".to_owned(), 4), ("clip 2".to_owned(), 6)], TimeAxis::Rows)
    );
    assert!(with_dim(&array, 4).is_err(), "what contradicts the file is refused");
    std::fs::write(folder.path().join("0_1.len"), "4\n7\n").unwrap();
    assert!(
        open(&array)
            .unwrap_err()
            .to_string()
            .contains("tells of 11 frames in 2 clips, but the array has 10 rows")
    );
    let mut tar = vec![0; 512];
    tar[257..262].copy_from_slice(b"ustar");
    for (bytes, name) in [
        (b"\x89HDF\r\n\x1a\n and more".to_vec(), "HDF5"),
        (b"MATLAB 5.0 MAT-file, Platform: posix".to_vec(), "MATLAB"),
        (b"\x1c\0\0\0TFL3".to_vec(), "TensorFlow Lite"),
        (tar, "tar archive"),
    ] {
        check_refused(&bytes, name);
    }
    let zarr = folder.path().join("x.zarr");
    std::fs::create_dir(&zarr).unwrap();
    std::fs::write(zarr.join(".zarray"), "{}").unwrap();
    assert!(io::expand(&[zarr], &Task::silent(&Cancel::default())).unwrap_err().to_string().contains("Zarr"));
}
