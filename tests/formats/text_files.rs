//! Numbers as text, however they are parted, and codes by the clip.

use super::*;

#[track_caller]
fn frames(text: &str) -> Array2<f32> {
    features(open_bytes(text.as_bytes()).unwrap()).into_matrix(TimeAxis::Rows).unwrap()
}

#[test]
fn however_the_fields_are_parted() {
    let expected = array![[1.0f32, -2.5, 3e-2], [4.0, 5.0, 6.0]];
    for text in [
        "1,-2.5,3e-2\n4,5,6\n",
        "1,-2.5,3e-2\r\n4,5,6",
        "1\t-2.5\t3e-2\n4\t5\t6\n",
        "1;-2.5;0.03\n4;5;6\n",
        "1;-2,5;0,03\n4;5;6\n",
        "  1   -2.5 3e-2\n 4 5    6 \n",
        "1, -2.5, 3e-2,\n4, 5, 6,\n",
        "\u{feff}1,-2.5,3e-2\n\n4,5,6\n\n",
        "first,second,third\n1,-2.5,3e-2\n4,5,6\n",
        "first second third\n1\t-2.5\t3e-2\n4\t5\t6\n",
        "# three columns\n1 -2.5 3e-2\n4 5 6\n",
        "#note\nfirst,\"second\",third\n1,-2.5,3e-2\n# between\n4,5,6\n",
    ] {
        assert_eq!(frames(text), expected, "{text:?}");
    }
}

#[test]
fn lines_longer_than_what_is_looked_at_first() {
    let line = |start: usize| (start..start + 3000).map(|v| format!("{v}.0")).collect::<Vec<_>>().join(",");
    let text = format!("{}\n{}\n", line(0), line(1));
    let values = frames(&text);
    assert_eq!((values.dim(), values[[1, 2999]]), ((2, 3000), 3000.0));
    // A heading that long says nothing, so the name has to.
    let heading = (0..3000).map(|v| format!("f{v}")).collect::<Vec<_>>().join(",");
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("frames.csv");
    std::fs::write(&path, format!("{heading}\n{text}")).unwrap();
    assert_eq!(features(open(&path).unwrap()).values.view().dim(), (2, 3000));
}

#[test]
fn what_is_wrong_is_said_with_its_line() {
    for (text, part) in [
        ("1,2\n3,4\n5\n", "line 3 has 1 numbers, but line 1 has 2"),
        ("a,b\n1,2\n\n3,x\n", "line 4: \"x\" is not a number"),
        ("1,2\n3,1e60\n", "line 2: \"1e60\" is beyond the range"),
        ("1,,2\n3,4,5\n", "line 1: \"\" is not a number"),
        ("clip\t1 2\nother\t3 x\n", "line 2: \"x\" is not a code"),
        ("clip\t1 2\nother\t3 -4\n", "layer 0, frame 3: -4 is no code"),
        ("clip\t1 2\nother\t3 2147483648\n", "line 2: \"2147483648\" is not a code"),
        ("clip\t1 2\nother 3\n", "line 2 has no tab"),
        ("clip\t1 2\nother\t \n", "line 2 names a clip without any codes"),
        ("hello world\n", "none of the formats"),
        ("name,text\nclip,what was said\n", "none of the formats"),
    ] {
        check_refused(text.as_bytes(), part);
    }
    assert!(refusal(format!("1,2\n{},4", "9".repeat(5000)).as_bytes()).contains("line 2: a field is over"));
    // The right sentence, not a panic, for a value that is no number at all.
    let nan = features(open_bytes(b"1,nan\n3,4\n").unwrap());
    assert!(nan.into_matrix(TimeAxis::Rows).is_err());
}

#[test]
fn codes_by_the_clip_keep_the_names() {
    for header in ["", "item_name\tsemantic_audio\n"] {
        let text = format!("{header}0001\t5 6 7\nwhat she said.wav\t8\n\n3\t9 10");
        let codes = codes(open_bytes(text.as_bytes()).unwrap());
        assert_eq!(codes.values, array![[5u32, 6, 7, 8, 9, 10]]);
        let clips =
            [("0001", 3), ("what she said.wav", 1), ("3", 2)].map(|(name, len)| (name.to_owned(), len));
        assert_eq!(codes.clips, clips);
    }
}

#[test]
fn whole_numbers_alone_are_codes_and_never_features() {
    let read = |text: &str| codes(open_bytes(text.as_bytes()).unwrap());
    let lens = |codes: &io::Codes| codes.clips.iter().map(|(_, len)| *len).collect::<Vec<_>>();
    let km = read("6 25 48 14\n53 46\n1 2 3\n");
    assert_eq!((km.values.clone(), lens(&km)), (array![[6u32, 25, 48, 14, 53, 46, 1, 2, 3]], vec![4, 2, 3]));
    assert_eq!(read("6 25 48 14\n").values, array![[6u32, 25, 48, 14]], "one line is one clip");
    let equal = read("6 25 48\n14 15 16\n");
    assert_eq!((equal.values.nrows(), lens(&equal)), (1, vec![3, 3]));
    assert!(equal.notices[0].text().contains("--time-axis"), "a table is as likely: {:?}", equal.notices);
    let named = read("utt1|12 5 7\nutt2|3\n");
    assert_eq!(
        (named.values, named.clips),
        (array![[12u32, 5, 7, 3]], vec![("utt1".into(), 3), ("utt2".into(), 1)])
    );
    assert_eq!(read("utt1 12 5 7\nutt2 3 4\n").clips[1], ("utt2".to_owned(), 2));
    let table = read("1,2,3,4\n5,6,7,8\n");
    assert_eq!(table.values, array![[1u32, 2, 3, 4], [5, 6, 7, 8]]);
    // Columns with names are features, and so is anything that is not whole.
    let named = features(open_bytes(b"a,b\n1,2\n3,4\n").unwrap());
    assert!(named.notices[0].text().contains("--as codes"));
    features(open_bytes(b"1 2 3\n4 5 6.5\n").unwrap());
    let task = Cancel::default();
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("units.km");
    std::fs::write(&path, "1 2 3\n4 5 6\n").unwrap();
    let wanted = io::Wanted { read_as: Some(io::ReadAs::Features), ..io::Wanted::default() };
    features(io::open_as(&path, wanted, &Task::silent(&task)).unwrap());
}

#[test]
fn whole_numbers_on_very_many_lines_are_refused_with_the_reading_that_is_left() {
    let lines = 140_000;
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("counts.txt");
    std::fs::write(&path, "7 12\n".repeat(lines)).unwrap();
    let words = open(&path).unwrap_err().to_string();
    assert!(words.contains("clips; split the file") && words.contains("--as features"), "{words}");
    let wanted = io::Wanted { read_as: Some(io::ReadAs::Features), ..io::Wanted::default() };
    let read = features(io::open_as(&path, wanted, &Task::silent(&Cancel::default())).unwrap());
    assert_eq!(read.values.view().dim(), (lines, 2));
    // Behind names there are no frames to be had.
    let named: String = (0..lines).map(|line| format!("u{line}|3 4\n")).collect();
    let words = refusal(named.as_bytes());
    assert!(words.ends_with("clips; split the file"), "{words}");
}
