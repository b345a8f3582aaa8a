//! Codes: what is written comes back as what it was, and what others write is told apart.

use ndarray::{Array3, ArrayD, IxDyn};
use proptest::prelude::*;
use rvqscope::io::{CODES_ENDINGS, Cleaning, CodesHeader, NO_CODE, Need, Offsets, ReadAs, Wanted};

use super::*;

fn open_wanted(bytes: &[u8], wanted: Wanted<'_>) -> Result<Opened, FileError> {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("file");
    std::fs::write(&path, bytes).unwrap();
    io::open_as(&path, wanted, &Task::silent(&Cancel::default()))
}

/// An int64 array as NumPy writes it.
fn ids(values: &ArrayD<i64>) -> Vec<u8> {
    let shape = values.shape().iter().map(|len| format!("{len},")).collect::<String>();
    let data: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
    npy(1, "<i8", false, &format!("({shape})"), &data)
}

/// Ids that differ everywhere and lie below `size`.
fn some_ids(shape: &[usize], size: i64) -> ArrayD<i64> {
    let mut nth = 0i64;
    ArrayD::from_shape_simple_fn(IxDyn(shape), || {
        nth += 1;
        nth * 7919 % size
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn what_every_writer_writes_is_read_as_what_it_was(
        layers in 1usize..=64,
        frames in 1usize..=100,
        size in 2u32..=65_536,
        seed in any::<u64>(),
        first_layer in 0usize..4,
        known in any::<bool>(),
    ) {
        let mut state = seed | 1;
        let codes = Array2::from_shape_simple_fn((layers, frames), || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as u32 % size
        });
        let clips = if frames > 2 { vec![("a".to_owned(), 2), ("b, c".to_owned(), frames - 2)] } else { Vec::new() };
        let header = CodesHeader {
            codebook_sizes: vec![size as usize; layers],
            first_layer,
            frame_rate_hz: Some(12.5),
            clips: clips.clone(),
        };
        let folder = TempDir::new().unwrap();
        for ending in CODES_ENDINGS {
            let path = folder.path().join(format!("codes.{ending}"));
            io::write_codes(&path, codes.view(), &header).unwrap();
            // Whatever is said of the quantizer, and wherever the file is asked for.
            let num_layers = known.then_some(frames);
            for need in [Need::Anything, Need::Data, Need::Codes] {
                let wanted = Wanted { need, num_layers, ..Wanted::default() };
                let read = super::codes(io::open_as(&path, wanted, &Task::silent(&Cancel::default())).unwrap());
                prop_assert_eq!(&read.values, &codes, "{}", ending);
                prop_assert!(read.notices.is_empty(), "{}: {:?}", ending, read.notices);
                if *ending == "safetensors" {
                    prop_assert_eq!(&read.clips, &clips);
                    prop_assert_eq!(&read.stated.codebook_sizes, &header.codebook_sizes);
                    prop_assert_eq!(read.stated.first_layer, Some(first_layer));
                    prop_assert_eq!(read.stated.frame_rate_hz, Some(12.5));
                }
            }
        }
        // And by another reader of the format.
        let plain: Array2<i32> = ndarray_npy::read_npy(folder.path().join("codes.npy")).unwrap();
        prop_assert_eq!(plain, codes.mapv(|code| code as i32));
    }
}

#[test]
fn a_known_number_of_layers_settles_what_a_shape_leaves_open() {
    let read = |shape: &[usize], num_layers| {
        let wanted = Wanted { need: Need::Codes, num_layers, ..Wanted::default() };
        codes(open_wanted(&ids(&some_ids(shape, 64)), wanted).unwrap())
    };
    // [layers, frames] of a short clip, and [frames, layers].
    let short = read(&[8, 3], Some(8));
    assert_eq!((short.values.dim(), short.time_axis, short.notices.len()), ((8, 3), TimeAxis::Columns, 0));
    assert_eq!(read(&[300, 8], Some(8)).values.dim(), (8, 300));
    let turned = read(&[3, 8], Some(8));
    assert_eq!((turned.values.dim(), turned.time_axis), ((8, 3), TimeAxis::Rows));
    assert!(
        turned.notices[0].text().contains("Either axis"),
        "a few layers alone fit as well: {:?}",
        turned.notices
    );
    let square = read(&[8, 8], Some(8));
    assert_eq!((square.time_axis, square.notices.len()), (TimeAxis::Columns, 1));
    // Without a model the guess is told.
    let guessed = read(&[8, 3], None);
    assert_eq!((guessed.values.dim(), guessed.notices.len()), ((3, 8), 1));
    assert!(read(&[8, 300], None).notices.is_empty() && read(&[60], None).notices.is_empty());
    assert_eq!(read(&[60], None).values.dim(), (1, 60));
}

#[test]
fn an_axis_of_clips_may_stand_anywhere() {
    let values = some_ids(&[4, 250, 8], 512);
    let expected = |order: [usize; 3]| -> Array2<u32> {
        let by_clip: Array3<i64> =
            values.view().permuted_axes(&order[..]).to_owned().into_dimensionality().unwrap();
        let clips: Vec<_> = by_clip.outer_iter().collect();
        ndarray::concatenate(ndarray::Axis(1), &clips).unwrap().mapv(|code| code as u32)
    };
    let read = |values: &ArrayD<i64>, num_layers| {
        let wanted = Wanted { num_layers, ..Wanted::default() };
        codes(open_wanted(&ids(values), wanted).unwrap())
    };
    // [B, T, n_q]
    let batch = read(&values, None);
    assert_eq!(batch.values, expected([0, 2, 1]));
    assert_eq!(batch.clips.iter().map(|(_, len)| *len).collect::<Vec<_>>(), [250; 4]);
    assert!(batch.notices[0].text().contains("4 clips of 8 layers and 250 frames"));
    // [B, n_q, T]
    let turned = values.view().permuted_axes(&[0, 2, 1][..]).as_standard_layout().into_owned();
    assert_eq!(read(&turned, None).values, expected([0, 2, 1]));
    assert!(read(&turned, Some(8)).notices.is_empty());
    // [n_q, B, T], which only a model tells from the one before.
    let core_vq = values.view().permuted_axes(&[2, 0, 1][..]).as_standard_layout().into_owned();
    assert_eq!(read(&core_vq, Some(8)).values, expected([0, 2, 1]));
    let one_layer = some_ids(&[5, 1, 40], 64);
    assert_eq!(read(&one_layer, Some(1)).clips.len(), 5);
    assert_eq!(read(&one_layer, None).values.dim(), (5, 40));
}

#[test]
fn masks_are_no_codes_and_are_said_by_layer() {
    let mut values = some_ids(&[8, 300], 64);
    values.slice_mut(ndarray::s![5.., 200..]).fill(-1);
    let read = codes(open_bytes(&ids(&values)).unwrap());
    assert_eq!(
        (read.values.dim(), read.values[[6, 250]], read.values[[0, 250]]),
        ((8, 300), NO_CODE, values[[0, 250]] as u32)
    );
    assert!(
        read.notices[0]
            .text()
            .contains("-1 stands for no code in 300 places (layer 5: 100, layer 6: 100, layer 7: 100)"),
        "{:?}",
        read.notices
    );
    // What fills a clip up is cut off with its frames.
    values.slice_mut(ndarray::s![.., 290..]).fill(-100);
    let read = codes(open_bytes(&ids(&values)).unwrap());
    assert_eq!(read.values.ncols(), 290);
    assert!(read.notices.iter().any(|notice| notice.text().contains("10 frames at the ends of clips")));
    let cleaning = Cleaning { ignore: vec![64], ..Cleaning::default() };
    values.slice_mut(ndarray::s![3, ..10]).fill(64);
    let wanted = Wanted { cleaning: Some(&cleaning), ..Wanted::default() };
    let read = codes(open_wanted(&ids(&values), wanted).unwrap());
    assert!(read.values.row(3).iter().take(10).all(|&code| code == NO_CODE));
    check_refused(&ids(&some_ids(&[2, 30], 5).mapv(|v| v - 3)), "is no code; --ignore -2");
    check_refused(&ids(&some_ids(&[2, 30], 5).mapv(|_| -1)), "only what stands for none");
}

/// Layer `l` is late by `delays[l]`; `pad` fills the rest.
fn delayed(values: &ArrayD<i64>, delays: &[usize], pad: i64) -> ArrayD<i64> {
    let (layers, frames) = (values.shape()[0], values.shape()[1]);
    let longest = delays.iter().max().unwrap();
    let mut out = ArrayD::from_elem(IxDyn(&[layers, frames + longest + 1]), pad);
    for layer in 0..layers {
        for frame in 0..frames {
            out[[layer, frame + delays[layer]]] = values[[layer, frame]];
        }
    }
    out
}

#[test]
fn a_delay_pattern_is_seen_and_undone_where_that_is_asked_for() {
    let plain = some_ids(&[4, 60], 64);
    let expected: Array2<u32> = plain.mapv(|code| code as u32).into_dimensionality().unwrap();
    for delays in [vec![0, 1, 2, 3], vec![0, 8, 9, 10]] {
        let file = ids(&delayed(&plain, &delays, 64));
        let seen = codes(open_bytes(&file).unwrap());
        // Counted right, if not aligned: the pads are no codes, and K is 64.
        assert_eq!(seen.values.iter().filter(|&&code| code != NO_CODE).max(), Some(&63));
        assert!(
            seen.notices
                .iter()
                .any(|notice| notice.text().contains("delay pattern") && notice.text().contains("--delay")),
            "{:?}",
            seen.notices
        );
        let cleaning = Cleaning { delay: Some(Vec::new()), ..Cleaning::default() };
        let undone =
            codes(open_wanted(&file, Wanted { cleaning: Some(&cleaning), ..Wanted::default() }).unwrap());
        assert_eq!(undone.values, expected);
        let cleaning = Cleaning { delay: Some(delays), ..Cleaning::default() };
        let undone =
            codes(open_wanted(&file, Wanted { cleaning: Some(&cleaning), ..Wanted::default() }).unwrap());
        assert_eq!(undone.values, expected);
    }
    let cleaning = Cleaning { delay: Some(Vec::new()), ..Cleaning::default() };
    let refused =
        open_wanted(&ids(&plain), Wanted { cleaning: Some(&cleaning), ..Wanted::default() }).unwrap_err();
    assert!(refused.to_string().contains("no delay pattern is seen"));
}

#[test]
fn an_id_that_no_codebook_has_is_a_pad_at_the_ends_and_refused_elsewhere() {
    let sizes = [64];
    let wanted = Wanted { codebook_sizes: &sizes, ..Wanted::default() };
    let mut values = some_ids(&[3, 40], 64);
    values.slice_mut(ndarray::s![.., 35..]).fill(1025);
    let read = codes(open_wanted(&ids(&values), wanted).unwrap());
    assert_eq!(read.values.ncols(), 35);
    values[[1, 20]] = 70;
    let refused = open_wanted(&ids(&values), wanted).unwrap_err().to_string();
    assert!(
        refused.contains("layer 1, frame 20: 70 is no code of a codebook of 64; --ignore 70"),
        "{refused}"
    );
    // Without K it is the pattern that tells: the same pad in all layers at the end.
    let mut values = some_ids(&[3, 40], 64);
    values.slice_mut(ndarray::s![.., 35..]).fill(64);
    assert_eq!(codes(open_bytes(&ids(&values)).unwrap()).values.ncols(), 35);
    // A larger codebook is one.
    let plain = codes(open_bytes(&ids(&some_ids(&[3, 100], 100))).unwrap());
    assert_eq!((plain.values.dim(), plain.notices.len()), ((3, 100), 0));
}

#[test]
fn ids_that_were_shifted_by_layer_are_seen_and_shifted_back() {
    let plain = some_ids(&[200, 7], 4096);
    let shifted = ArrayD::from_shape_fn(plain.raw_dim(), |at| plain[&at] + 4096 * at[1] as i64);
    let expected: Array2<u32> = plain.t().mapv(|code| code as u32).into_dimensionality().unwrap();
    let seen = codes(open_bytes(&ids(&shifted)).unwrap());
    assert!(
        seen.notices[0].text().contains("--offsets") && seen.notices[0].text().contains("4096 wide"),
        "{:?}",
        seen.notices
    );
    let flat = shifted.mapv(|id| id + 128_266).into_shape_with_order(IxDyn(&[1400])).unwrap();
    assert!(codes(open_bytes(&ids(&flat)).unwrap()).notices[0].text().contains("repeat after 7 places"));
    for (file, offsets) in [
        (&shifted, Offsets::default()),
        (&shifted, Offsets::parse("4096").unwrap()),
        (&flat, Offsets::parse("auto").unwrap()),
        (&flat, Offsets::parse("4096,128266").unwrap()),
    ] {
        let cleaning = Cleaning { offsets: Some(offsets), ..Cleaning::default() };
        let undone = codes(
            open_wanted(&ids(file), Wanted { cleaning: Some(&cleaning), ..Wanted::default() }).unwrap(),
        );
        assert_eq!(undone.values, expected, "{offsets:?}");
    }
    let cleaning = Cleaning { offsets: Some(Offsets::default()), ..Cleaning::default() };
    let refused =
        open_wanted(&ids(&plain), Wanted { cleaning: Some(&cleaning), ..Wanted::default() }).unwrap_err();
    assert!(refused.to_string().contains("no shift by layer is seen"));
}

#[test]
fn many_arrays_in_one_file_are_clips() {
    let bytes = |values: &ArrayD<i64>| values.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>();
    let (a, b) = (some_ids(&[4, 30], 64), some_ids(&[4, 12], 64));
    let file = safetensors(&[("u10", "I64", &[4, 12], &bytes(&b)), ("u2", "I64", &[4, 30], &bytes(&a))]);
    let read = codes(open_bytes(&file).unwrap());
    assert_eq!(read.clips, [("u2".to_owned(), 30), ("u10".to_owned(), 12)], "in the order of counting");
    assert_eq!(
        read.values.column(31),
        b.mapv(|v| v as u32).into_dimensionality::<ndarray::Ix2>().unwrap().column(1)
    );
    // Layers at different rates.
    let layers = [some_ids(&[1, 10], 64), some_ids(&[1, 20], 64), some_ids(&[1, 40], 64)];
    let file = safetensors(&[
        ("0", "I64", &[1, 10], &bytes(&layers[0])),
        ("1", "I64", &[1, 20], &bytes(&layers[1])),
        ("2", "I64", &[1, 40], &bytes(&layers[2])),
    ]);
    let read = codes(open_bytes(&file).unwrap());
    let count = |layer: usize| read.values.row(layer).iter().filter(|&&code| code != NO_CODE).count();
    assert_eq!((read.values.dim(), [count(0), count(1), count(2)]), ((3, 40), [10, 20, 40]));
    assert_eq!(read.values[[0, 4]], layers[0][[0, 1]] as u32);
    // Features by the clip, and what is a batch of them where frames are wanted.
    let floats = |len: usize| vec![0x3f; 4 * len];
    let file = safetensors(&[("u1", "F32", &[30, 24], &floats(720)), ("u2", "F32", &[7, 24], &floats(168))]);
    let read = features(open_bytes(&file).unwrap());
    assert_eq!((read.values.view().dim(), read.clips.len()), ((37, 24), 2));
    let batch = safetensors(&[("x", "F32", &[4, 50, 24], &floats(4800))]);
    let read = features(open_wanted(&batch, Wanted { need: Need::Data, ..Wanted::default() }).unwrap());
    assert_eq!((read.values.view().dim(), read.clips.len()), ((200, 24), 4));
    let bare = model(open_bytes(&batch).unwrap());
    assert!(
        bare.info.notes().iter().any(|finding| finding.contains("--as features")),
        "{:?}",
        bare.info.findings
    );
    let asked = Wanted { read_as: Some(ReadAs::Features), ..Wanted::default() };
    features(open_wanted(&batch, asked).unwrap());
    // Parameters of some other model are no clips.
    let other =
        safetensors(&[("a.weight", "F32", &[4, 8], &floats(32)), ("b.weight", "F32", &[9, 8], &floats(72))]);
    check_refused(&other, "no quantizer of a known layout");
}

#[test]
fn what_an_array_is_follows_from_what_is_wanted() {
    let whole = ids(&some_ids(&[300, 30], 255));
    let frames = Wanted { need: Need::Frames, ..Wanted::default() };
    let read = features(open_wanted(&whole, frames).unwrap());
    assert!(read.values.view().dim() == (300, 30) && read.notices[0].text().contains("--as codes"));
    let data: Vec<u8> = some_ids(&[8, 300], 64).iter().flat_map(|&v| (v as f32).to_le_bytes()).collect();
    let floats = npy(1, "<f4", false, "(8, 300)", &data);
    let read = features(open_bytes(&floats).unwrap());
    assert!(read.notices[0].text().contains("Every number is whole"), "{:?}", read.notices);
    let asked = Wanted { read_as: Some(ReadAs::Codes), ..Wanted::default() };
    assert_eq!(codes(open_wanted(&floats, asked).unwrap()).values.dim(), (8, 300));
    let real = npy(1, "<f4", false, "(1, 2)", &[0, 0, 0x80, 0x3f, 0, 0, 0xc0, 0x3f]);
    assert!(
        open_wanted(&real, asked)
            .unwrap_err()
            .to_string()
            .contains("value number 1 is 1.5, which is no code")
    );
}
