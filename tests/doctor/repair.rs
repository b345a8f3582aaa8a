//! Mending: each fix mends its planted fault on frames that it did not see, and what does harm is not kept.

use rvqscope::doctor::repair::{FIXES, Fix, Frames, Plan, Repaired, called_for, check, fix, repair};
use rvqscope::rvq::{Layer, Projection};
use rvqscope::task::Task;

use super::*;

fn mended_by(rvq: &Rvq, seed: u64, fixes: &[&'static Fix], frames: &Array2<f32>, search: Search) -> Repaired {
    let (fit, judge) = frames.view().split_at(Axis(0), frames.nrows() - 1000);
    let plan = Plan { fixes, layer: None, search, seed };
    repair(rvq, Frames { fit, judge }, plan, &Task::silent(&Cancel::default())).unwrap()
}

fn one(id: &str) -> [&'static Fix; 1] {
    [fix(id).unwrap()]
}

/// Whether every row is what its averages make of it, within rounding.
fn is_consistent(rvq: &Rvq) -> bool {
    rvq.layers().iter().all(|layer| {
        let book = &layer.codebook;
        let rows = book.embed();
        let pairs = rows.rows().into_iter().zip(book.embed_avg().rows()).zip(book.cluster_size());
        pairs.into_iter().all(|((row, sum), &size)| {
            size == 0.0
                || row
                    .iter()
                    .zip(sum)
                    .all(|(&e, &m)| (f64::from(e) * size - m).abs() <= 1e-4 * (1.0 + m.abs()))
        })
    })
}

#[test]
fn dead_rows_come_to_life_and_stay_consistent() {
    for seed in 1..=3 {
        let mut books = books(seed);
        let (rows, sizes, sums) = books[0].parts_mut();
        for code in 0..12 {
            rows.row_mut(code).fill(90.0 + code as f32);
            sizes[code] = 1e-4;
            sums.row_mut(code).assign(&(rows.row(code).mapv(f64::from) * 1e-4));
        }
        let case = model(books, None);
        let named = case.findings();
        assert!(called_for(&named).iter().any(|fix| fix.id == "replace-dead"), "{named:?}");
        let frames = smooth(seed + 9, 4000);
        let Repaired { rvq, tried } =
            mended_by(&case.run.rvq, seed, &one("replace-dead"), &frames, Search::Greedy);
        let [only] = &*tried else { panic!("{tried:?}") };
        assert!(only.kept && only.rows >= 12 && only.after.used >= only.before.used + 12, "{only:?}");
        assert!(only.after.snr_db.unwrap() > only.before.snr_db.unwrap() + 0.3, "{only:?}");
        assert!(is_consistent(&rvq));
        let after = evaluated(&Arc::new(rvq), frames).findings();
        assert!(
            !after.iter().any(|finding| finding.id == "dead-not-replaced" || finding.id == "unused-codes"),
            "{after:?}"
        );
    }
}

#[test]
fn duplicates_are_merged_and_overloaded_codes_split() {
    let mut books = books(2);
    let (rows, ..) = books[0].parts_mut();
    for pair in 0..8 {
        let row = rows.row(2 * pair).to_owned();
        rows.row_mut(2 * pair + 1).assign(&row);
    }
    let case = model(books, None);
    let frames = smooth(11, 4000);
    let Repaired { tried, .. } = mended_by(&case.run.rvq, 1, &one("equal-rows"), &frames, Search::Greedy);
    assert!(tried[0].fix == "merge-duplicates" && tried[0].kept && tried[0].rows >= 8, "{tried:?}");

    let tight = groups(5, 3600, K - 1);
    let wide = smooth(6, 400) * 3.0 + 40.0;
    let all = concatenate(Axis(0), &[tight.view(), wide.view()]).unwrap();
    // Every tenth frame is one of the wide cell, on both sides of the cut.
    let order: Vec<usize> =
        (0..4000).map(|n| if n % 10 == 0 { 3600 + n / 10 } else { n - n / 10 - 1 }).collect();
    let frames = all.select(Axis(0), &order);
    let mut rows = tight.slice(s![..K, ..]).to_owned();
    rows.row_mut(K - 1).fill(40.0);
    let rvq = Rvq::new(vec![Codebook::from_rows(rows).unwrap().into()]).unwrap();
    let Repaired { tried, .. } = mended_by(&rvq, 1, &one("overloaded-codes"), &frames, Search::Greedy);
    // The place that it takes is another group's: that costs more than it gains, and is told.
    assert_eq!((tried[0].fix, tried[0].rows), ("split-overloaded", 2));
    let mut spare = rvq.layers()[0].codebook.embed().to_owned();
    spare = concatenate(Axis(0), &[spare.view(), Array2::from_elem((1, DIM), 900.0).view()]).unwrap();
    let rvq = Rvq::new(vec![Codebook::from_rows(spare).unwrap().into()]).unwrap();
    let Repaired { tried, .. } = mended_by(&rvq, 1, &one("split-overloaded"), &frames, Search::Greedy);
    assert!(tried[0].kept && tried[0].after.snr_db > tried[0].before.snr_db, "{tried:?}");
}

#[test]
fn an_offset_is_folded_in_and_a_refit_never_does_harm() {
    let rvq = healthy(4).run.rvq.clone();
    let shifted = smooth(21, 4000) + 2.0;
    let Repaired { tried, .. } = mended_by(&rvq, 1, &one("fold-offset"), &shifted, Search::Greedy);
    assert!(
        tried[0].kept && tried[0].after.snr_db.unwrap() > tried[0].before.snr_db.unwrap() + 3.0,
        "{tried:?}"
    );
    let frames = smooth(104, 13_000);
    let greedy = mended_by(&rvq, 1, &one("refit"), &frames, Search::Greedy);
    let beam = mended_by(&rvq, 1, &one("refit"), &frames, Search::of_width(4));
    println!("refit: {:?}\nwith beam: {:?}", greedy.tried[0], beam.tried[0]);
    assert!(beam.tried[0].after.snr_db > greedy.tried[0].before.snr_db);
    assert!(greedy.tried[0].kept && beam.tried[0].kept, "{greedy:?} {beam:?}");
}

#[test]
fn averages_are_set_to_make_the_rows_they_stand_for() {
    for (id, seed) in [("replacement-snaps-back", 3), ("start-sums-are-means", 4), ("negative-sizes", 5)] {
        let case = case(id, seed, true);
        let Repaired { rvq, tried } =
            mended_by(&case.run.rvq, 1, &one("align-averages"), &smooth(seed + 40, 5000), Search::Greedy);
        assert!(tried[0].kept && tried[0].rows > 0, "{id}: {tried:?}");
        assert_eq!(tried[0].before, tried[0].after, "{id}: no row moves");
        let rows = |rvq: &Rvq| rvq.layers().iter().map(|l| l.codebook.embed().to_owned()).collect::<Vec<_>>();
        assert_eq!(rows(&rvq), rows(&case.run.rvq), "{id}");
        let again = evaluated(&Arc::new(rvq), smooth(seed + 40, 5000));
        assert!(
            !again.has("start-sums-are-means") && !again.has("negative-sizes"),
            "{id}: {:?}",
            ids_of(&again)
        );
    }
    // What is as it should be stays as it is.
    let rvq = healthy(6).run.rvq.clone();
    let Repaired { rvq: after, tried } =
        mended_by(&rvq, 1, &one("align-averages"), &smooth(46, 5000), Search::Greedy);
    assert!(!tried[0].kept && tried[0].rows == 0, "{tried:?}");
    assert_eq!(common::bits(&after), common::bits(&rvq));
}

#[test]
fn one_layer_alone_is_refit() {
    let rvq = healthy(4).run.rvq.clone();
    let frames = smooth(104, 13_000);
    let (fit, judge) = frames.view().split_at(Axis(0), 12_000);
    let refit = one("refit");
    let plan = |layer| Plan { fixes: &refit, layer, search: Search::Greedy, seed: 1 };
    let cancel = Cancel::default();
    let task = Task::silent(&cancel);
    let Repaired { rvq: after, tried } = repair(&rvq, Frames { fit, judge }, plan(Some(1)), &task).unwrap();
    assert!(tried[0].kept && tried[0].rows == K, "{tried:?}");
    assert_eq!(after.layers()[0], rvq.layers()[0], "the other one stays, to the bit");
    assert_ne!(after.layers()[1], rvq.layers()[1]);
    assert!(repair(&rvq, Frames { fit, judge }, plan(Some(2)), &task).is_err(), "there is no third");
}

#[test]
fn what_does_harm_is_not_kept() {
    // The frames to fit are others than those to judge by: whatever is moved towards them loses.
    let rvq = healthy(7).run.rvq.clone();
    let mut frames = smooth(7, 4000);
    frames.slice_mut(s![..3000, ..]).mapv_inplace(|v| v * 0.2 + 3.0);
    let every: Vec<&'static Fix> = FIXES.iter().collect();
    let Repaired { rvq: after, tried } = mended_by(&rvq, 1, &every, &frames, Search::Greedy);
    assert!(
        tried.iter().filter(|tried| ["fold-offset", "refit"].contains(&tried.fix)).all(|tried| !tried.kept),
        "{tried:?}"
    );
    if tried.iter().all(|tried| !tried.kept) {
        assert_eq!(common::bits(&after), common::bits(&rvq), "the old one, to the bit");
    }
}

#[test]
fn repairs_are_the_same_on_any_number_of_threads() {
    let mut books = books(3);
    books[0].parts_mut().0.slice_mut(s![..10, ..]).fill(50.0);
    let rvq = Rvq::new(books.into_iter().map(Into::into).collect()).unwrap();
    let frames = smooth(3, 4000);
    let every: Vec<&'static Fix> = FIXES.iter().collect();
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| mended_by(&rvq, 5, &every, &frames, Search::Greedy))
    };
    let (one, three) = (on(1), on(3));
    assert_eq!(common::bits(&one.rvq), common::bits(&three.rvq));
    assert_eq!(one.tried, three.tried);
}

#[test]
fn what_cannot_be_mended_is_refused() {
    let book = Codebook::from_rows(smooth(1, K)).unwrap();
    let identity = Array2::from_shape_fn((DIM, DIM), |(i, j)| f32::from(u8::from(i == j)));
    let projection = Projection {
        in_weight: identity.clone(),
        in_bias: Array1::zeros(DIM),
        out_weight: identity,
        out_bias: Array1::zeros(DIM),
    };
    let projected =
        Rvq::new(vec![Layer { codebook: book, projection: Some(projection), stride: 1 }]).unwrap();
    assert!(check(&projected).unwrap_err().to_string().contains("projection"));
    assert!(fix("no-such-finding").is_none() && fix("few-frames").is_none());
    for finding in FIXES.iter().flat_map(|fix| fix.mends) {
        assert!(rvqscope::doctor::check(finding).is_some(), "{finding} is no finding");
    }
}

/// What the trainers' own classes made of repaired checkpoints; `tests/fixtures/check_repair.py` asks them.
#[test]
fn repaired_rows_stay_alive_under_the_trainers_own_classes() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/repair.json");
    let record: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    for name in ["encodec", "gpt-sovits", "vector-quantize-pytorch"] {
        let found = &record["cases"][name];
        let number = |key: &str| found[key].as_u64().unwrap();
        assert_eq!((number("alive"), number("repaired")), (40, 40), "{name}: {found}");
    }
    // Under those whose replacement does not work, nothing would have brought them to life.
    let without = |name: &str| record["cases"][name]["alive_without"].as_u64().unwrap();
    assert!(without("encodec") == 0 && without("gpt-sovits") < 10);
}
