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
    let line = |start: usize| (start..start + 3000).map(|v| v.to_string()).collect::<Vec<_>>().join(",");
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
        ("clip\t1 2\nother\t3 -4\n", "line 2: \"-4\" is not a code"),
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
