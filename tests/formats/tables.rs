//! Parquet and Arrow, as pyarrow and polars write them: every way of storing the same clips gives the same clips.

use rvqscope::io::{ReadAs, Wanted};

use super::*;

const NAMES: [&str; 3] = ["utt1", "utt2", "utt3"];
const LENS: [usize; 3] = [20, 9, 31];
const LAYERS: usize = 4;
const DIM: usize = 6;

fn table(name: &str) -> Result<Opened, io::FileError> {
    open(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tables").join(name))
}

fn table_as(name: &str, wanted: Wanted<'_>) -> Result<Opened, io::FileError> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tables").join(name);
    io::open_as(&path, wanted, &Task::silent(&Cancel::default()))
}

/// The code of a layer at frame `t` of a clip, as the script of the fixtures has it.
fn code(clip: usize, layer: usize, t: usize) -> i32 {
    ((7 * t + 13 * layer + 5 * clip) % 32) as i32
}

fn feat(clip: usize, t: usize, d: usize) -> f32 {
    ((3 * t + 5 * d + clip) % 17) as f32 / 4.0 - 2.0
}

fn clips() -> Vec<(String, usize)> {
    NAMES.iter().zip(LENS).map(|(name, len)| ((*name).to_owned(), len)).collect()
}

/// The clip and the frame within it at each frame of the whole.
fn places() -> impl Iterator<Item = (usize, usize)> {
    LENS.iter().enumerate().flat_map(|(clip, &len)| (0..len).map(move |t| (clip, t)))
}

fn check_codes(name: &str, read: &io::Codes, layers: usize) {
    assert_eq!(read.values.dim(), (layers, LENS.iter().sum()), "{name}");
    for (at, (clip, t)) in places().enumerate() {
        for layer in 0..layers {
            assert_eq!(read.values[[layer, at]] as i32, code(clip, layer, t), "{name}: {clip} {layer} {t}");
        }
    }
}

fn check_features(name: &str, read: io::RawFeatures) {
    assert_eq!(read.time_axis, TimeAxis::Rows, "{name}");
    let values = read.into_matrix(TimeAxis::Rows).unwrap();
    assert_eq!((values.nrows(), values.ncols()), (LENS.iter().sum(), DIM), "{name}");
    for (at, (clip, t)) in places().enumerate() {
        for d in 0..DIM {
            assert_eq!(values[[at, d]], feat(clip, t, d), "{name}: {clip} {t} {d}");
        }
    }
}

#[test]
fn clips_of_codes_are_the_same_however_a_table_stores_them() {
    for name in [
        "codes_snappy.parquet",
        "codes_v2_zstd.parquet",
        "codes_delta_gzip.parquet",
        "codes_pages.parquet",
        "codes_polars.parquet",
        "struct.parquet",
        "codes_stream.arrow",
        "codes_lz4.feather",
        "codes_polars.arrow",
        "struct.arrow",
        "dictionary.arrow",
    ] {
        let read = codes(table(name).unwrap_or_else(|err| panic!("{name}: {err}")));
        assert_eq!(read.clips, clips(), "{name}");
        check_codes(name, &read, LAYERS);
        assert!(
            read.notices.iter().all(|notice| !notice.text().contains("left out")),
            "{name}: {:?}",
            read.notices
        );
    }
    let units = codes(table("units.parquet").unwrap());
    assert_eq!(units.clips, clips());
    check_codes("units", &units, 1);
    let views = codes(table("codes_views.arrow").unwrap());
    assert_eq!(views.clips[2], ("a name of more than twelve bytes, utt3".to_owned(), 31));
    check_codes("views", &views, LAYERS);
    // The last of one copy and the first of the next.
    let slice = codes(table("codes_slice.arrow").unwrap());
    assert_eq!(slice.clips, [("utt1".to_owned(), 20), ("utt3".to_owned(), 31)]);
    assert_eq!((slice.values[[3, 0]] as i32, slice.values[[2, 50]] as i32), (code(0, 3, 0), code(2, 2, 30)));
    // All clips in one row.
    let batch = codes(table("batch.parquet").unwrap());
    assert_eq!(batch.clips.iter().map(|(_, len)| *len).collect::<Vec<_>>(), LENS);
    check_codes("batch", &batch, LAYERS);
}

#[test]
fn clips_of_features_are_the_same_however_a_table_stores_them() {
    for name in [
        "feat_split_lz4.parquet",
        "feat_half.parquet",
        "feat_double.parquet",
        "feat_zstd.feather",
        "feat_half.feather",
    ] {
        let read = features(table(name).unwrap_or_else(|err| panic!("{name}: {err}")));
        assert_eq!(read.clips, clips(), "{name}");
        check_features(name, read);
    }
}

#[test]
fn a_row_that_is_a_frame_is_taken_for_one_and_said() {
    for name in ["frames.parquet", "frames.feather", "wide.parquet", "wide.arrow"] {
        let read = features(table(name).unwrap_or_else(|err| panic!("{name}: {err}")));
        assert_eq!(
            (read.clips.len(), read.guess_reason.english()),
            (0, "every row of the table is one frame".to_owned()),
            "{name}"
        );
        assert!(
            read.notices.iter().any(|notice| notice.text().contains("one frame")),
            "{name}: {:?}",
            read.notices
        );
        check_features(name, read);
    }
    for name in ["ids.parquet", "wide_ids.parquet"] {
        let read = codes(table(name).unwrap_or_else(|err| panic!("{name}: {err}")));
        assert!(
            read.notices.iter().any(|notice| notice.text().contains("one frame")),
            "{name}: {:?}",
            read.notices
        );
        check_codes(name, &read, LAYERS);
        // Who knows better says so.
        let wanted = Wanted { time_axis: Some(TimeAxis::Columns), ..Wanted::default() };
        assert_eq!(codes(table_as(name, wanted).unwrap()).values.dim(), (60, LAYERS));
    }
    // As many clips of four units each, where a quantizer of one layer is known.
    let wanted = Wanted { num_layers: Some(1), ..Wanted::default() };
    assert_eq!(codes(table_as("ids.parquet", wanted).unwrap()).clips.len(), 60);
}

#[test]
fn what_a_table_leaves_open_is_said_or_refused() {
    let rates = codes(table("rates.parquet").unwrap());
    assert_eq!(rates.values.dim(), (3, 32));
    assert!(
        rates.notices.iter().any(|notice| notice.text().contains("different rates")),
        "{:?}",
        rates.notices
    );
    for name in ["empty.parquet", "empty.arrow"] {
        let read = codes(table(name).unwrap());
        assert_eq!(read.clips, clips(), "{name}");
        assert!(
            read.notices.iter().any(|notice| notice.text().starts_with("2 of 5 rows hold no numbers")),
            "{:?}",
            read.notices
        );
    }
    for (name, words) in [
        ("holes.parquet", "no column of this table"),
        ("holes.arrow", "no column of this table"),
        ("plain.parquet", "a: a number a row"),
        ("sound.parquet", "array: a list a row"),
        ("two.parquet", "arrays of the names other, semantic_ids"),
        ("codes_brotli.parquet", "compressed with BROTLI"),
    ] {
        let words_of = table(name).map(drop).unwrap_err().to_string();
        assert!(words_of.contains(words), "{name}: {words_of}");
    }
    let model = Wanted { read_as: Some(ReadAs::Model), ..Wanted::default() };
    assert!(table_as("frames.parquet", model).unwrap_err().to_string().contains("no quantizer"));
}

#[test]
fn tables_that_are_cut_short_or_lie_are_refused() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tables");
    let parquet = std::fs::read(folder.join("codes_snappy.parquet")).unwrap();
    check_refused(&parquet[..parquet.len() - 1], "the end of this Parquet file is missing");
    check_refused(b"PAR1", "the end of this Parquet file is missing");
    let mut encrypted = parquet.clone();
    let end = encrypted.len() - 1;
    encrypted[end] = b'E';
    check_refused(&encrypted, "encrypted");
    let arrow = std::fs::read(folder.join("codes_lz4.feather")).unwrap();
    check_refused(&arrow[..arrow.len() - 1], "the end of this Arrow file is missing");
    let stream = std::fs::read(folder.join("codes_stream.arrow")).unwrap();
    check_refused(&stream[..stream.len() - 100], "Arrow file");
    check_refused(b"FEA1 and more", "Feather 1");
    // A page of a few bytes that tells of two thousand million numbers.
    let page = [0x15, 0, 0x15, 0x10, 0x15, 0x10, 0x2c, 0x15, 0xfe, 0xff, 0xff, 0xff, 0x0f];
    let at =
        parquet.windows(3).position(|bytes| bytes[0] == 0x15 && bytes[1] == 0 && bytes[2] == 0x15).unwrap();
    let mut lying = parquet.clone();
    lying[at..at + page.len()].copy_from_slice(&page);
    assert!(open_bytes(&lying).is_err());
}
