//! What a series has of checkpoints that lie there: figures, order, cache, memory.

use rvqscope::metrics::between;
use rvqscope::rvq::{LayerSpan, Rvq};
use rvqscope::task::{Cancel, Task};
use rvqscope::watch::{Event, Order, StepFrom, Watch, WatchSpec};
use tempfile::TempDir;

use super::*;

#[test]
fn figures_are_those_of_the_quantizers() {
    let folder = TempDir::new().unwrap();
    old_checkpoints(folder.path(), [100, 900]);
    // The frames are few enough to be the probe as they are.
    let frames = noise(9, 600, DIM);
    let probe = Probe::sample(frames.view(), Vec::new(), None, 1000, 0);
    let mut watch = Watch::new(WatchSpec { probe: Some(Arc::new(probe)), ..spec(folder.path()) }).unwrap();
    go_through(&mut watch);
    let [first, second] = watch.series().points() else { panic!("{:?}", watch.series()) };
    assert_eq!((first.step, first.step_from, first.change.as_ref()), (100, StepFrom::Name, None));
    let (old, new) = (quantizer(100), quantizer(900));
    let codes = |rvq: &Rvq| rvq.encode(frames.view(), LayerSpan::ALL).unwrap();
    let (old_codes, new_codes) = (codes(&old), codes(&new));
    let change = second.change.as_ref().unwrap();
    assert_eq!((change.before, second.figures.frames), (first.quantizer, 600));
    for nth in 0..2 {
        let (before, after) = (old_codes.row(nth), new_codes.row(nth));
        let same = before.iter().zip(after).filter(|(a, b)| a == b).count() as f64 / 600.0;
        let told = &change.layers[nth];
        assert_eq!(told.token_stability, Some(same));
        assert!(nth > 0 || (0.2..1.0).contains(&same), "{same}");
        let rows = |rvq: &Rvq| rvq.layers()[nth].codebook.embed().to_owned();
        assert_eq!(told.checkpoint_drift, between::checkpoint_drift(rows(&old).view(), rows(&new).view()));
        let used = |codes: ndarray::ArrayView1<'_, u32>| -> Vec<bool> {
            (0..CODES as u32).map(|code| codes.iter().any(|&c| c == code)).collect()
        };
        let (before, after) = (used(before), used(after));
        assert_eq!(told.births, Some(between::births(&before, &after)));
        assert_eq!(told.deaths, Some(between::deaths(&before, &after)));
        let layer = &second.figures.layers[nth];
        let in_use = after.iter().filter(|&&used| used).count();
        assert_eq!((layer.codes, layer.used, layer.dead_window), (CODES, Some(in_use), Some(CODES - in_use)));
        assert_eq!((layer.ema_total, layer.dead_threshold), (Some(64.0 * CODES as f64), Some(0)));
        assert!(layer.perplexity.unwrap() > 1.0 && layer.snr_gain_db.unwrap() > 0.0);
    }
}

#[test]
fn without_frames_the_buffers_tell() {
    let folder = TempDir::new().unwrap();
    old_checkpoints(folder.path(), [1, 2]);
    let mut watch = Watch::new(WatchSpec { probe: None, ..spec(folder.path()) }).unwrap();
    go_through(&mut watch);
    let second = &watch.series().points()[1];
    let (layer, change) = (&second.figures.layers[0], &second.change.as_ref().unwrap().layers[0]);
    assert_eq!((layer.used, layer.ema_used, second.figures.snr_db), (None, Some(CODES), None));
    assert!(change.checkpoint_drift.unwrap() > 0.0 && change.token_stability.is_none());
    assert_eq!((change.births, change.deaths), (Some(0), Some(0)));
}

#[test]
fn the_newest_come_first_and_each_knows_the_one_before_it() {
    let folder = TempDir::new().unwrap();
    old_checkpoints(folder.path(), (1..=12).map(|n| n * 50));
    for (order, first, last) in [(Order::NewestFirst, 600, 50), (Order::OldestFirst, 50, 600)] {
        let mut watch = Watch::new(WatchSpec { order, ..spec(folder.path()) }).unwrap();
        let cancel = Cancel::default();
        let mut told = Vec::new();
        watch.look();
        while watch.has_work() {
            for event in watch.advance(&Task::silent(&cancel)).unwrap() {
                let Event::Point(id) = event else { panic!("{event:?}") };
                let point = watch.series().get(id).unwrap();
                // What changed is known by the time that a checkpoint is told.
                assert_eq!(point.change.is_some(), point.step > 50, "{order:?} {}", point.step);
                told.push(point.step);
            }
        }
        assert_eq!((told.len(), told[0], told[11]), (12, first, last));
        assert_eq!(steps(&watch), (1..=12).map(|n| n * 50).collect::<Vec<_>>());
        assert_eq!((watch.work().evaluated, watch.work().read), (12, 12), "each file is read once");
    }
}

#[test]
fn what_was_looked_at_before_is_not_evaluated_again() {
    let (folder, home) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let cache = home.path().join("watched.json");
    old_checkpoints(folder.path(), (1..=10).map(|n| n * 10));
    let spec = |folder: &Path| WatchSpec { cache: Some(cache.clone()), ..spec(folder) };
    // It is cut off after a few checkpoints, and goes on from there.
    let mut begun = Watch::new(spec(folder.path())).unwrap();
    let cancel = Cancel::default();
    begun.look();
    for _ in 0..4 {
        begun.advance(&Task::silent(&cancel)).unwrap();
    }
    cancel.cancel();
    assert!(begun.advance(&Task::silent(&cancel)).is_err());
    assert_eq!(begun.work().evaluated, 4);
    drop(begun);
    let mut first = Watch::new(spec(folder.path())).unwrap();
    go_through(&mut first);
    assert_eq!(first.work().evaluated, 6);
    first.save();
    let whole = first.series().points().to_vec();
    let same = |watch: &Watch| {
        let points = watch.series().points();
        assert_eq!(points.len(), whole.len());
        for (a, b) in whole.iter().zip(points) {
            assert_eq!(
                (a.step, &a.figures, &a.change, a.quantizer),
                (b.step, &b.figures, &b.change, b.quantizer)
            );
        }
    };
    let mut second = Watch::new(spec(folder.path())).unwrap();
    let events = go_through(&mut second);
    assert_eq!((second.work().read, second.work().evaluated, second.work().encoded_again), (0, 0, 0));
    assert_eq!(told_steps(&second, &events).len(), 10);
    same(&second);
    // Copied elsewhere: known by its content.
    let copy = TempDir::new().unwrap();
    for point in &whole {
        std::fs::copy(folder.path().join(&point.file), copy.path().join(&point.file)).unwrap();
        age(&copy.path().join(&point.file), 5000 - point.step);
    }
    let mut third = Watch::new(spec(copy.path())).unwrap();
    go_through(&mut third);
    assert_eq!((third.work().read, third.work().evaluated), (10, 0));
    same(&third);
    // Beside other frames nothing is known, and a damaged cache is as good as none.
    let other = Probe::sample(noise(10, 100, DIM).view(), Vec::new(), None, 100, 0);
    let mut fourth = Watch::new(WatchSpec { probe: Some(Arc::new(other)), ..spec(folder.path()) }).unwrap();
    go_through(&mut fourth);
    assert_eq!(fourth.work().evaluated, 10);
    drop((second, third, fourth));
    std::fs::write(&cache, b"{\"schema\":1,\"version\"").unwrap();
    let mut fifth = Watch::new(spec(folder.path())).unwrap();
    go_through(&mut fifth);
    assert_eq!(fifth.work().evaluated, 10);
    same(&fifth);
}

#[test]
fn a_new_checkpoint_beside_cached_ones_is_compared_with_the_last_of_them() {
    let (folder, home) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let spec = WatchSpec { cache: Some(home.path().join("watched.json")), ..spec(folder.path()) };
    old_checkpoints(folder.path(), [10, 20, 30]);
    go_through(&mut Watch::new(spec.clone()).unwrap());
    old_checkpoints(folder.path(), [40, 25]);
    let mut watch = Watch::new(spec).unwrap();
    go_through(&mut watch);
    assert_eq!(steps(&watch), [10, 20, 25, 30, 40]);
    let points = watch.series().points();
    for pair in points.windows(2) {
        assert_eq!(pair[1].change.as_ref().map(|change| change.before), Some(pair[0].quantizer));
    }
    assert_eq!(watch.work().evaluated, 2);
}

#[test]
fn what_does_not_belong_to_the_series_is_said_once() {
    let folder = TempDir::new().unwrap();
    let at = |name: &str| folder.path().join(name);
    old_checkpoints(folder.path(), [100, 200, 300]);
    let write_other = |name: &str| {
        use rvqscope::io::tensors::NewTensor;
        use rvqscope::io::{Dtype, NewFile};
        let tensor = |nth: usize| NewTensor {
            name: format!("discriminators.{nth}.convs.0.weight"),
            dtype: Dtype::F32,
            shape: vec![3, 2, 5],
            values: vec![0.5; 30],
        };
        let tensors: Vec<NewTensor> = (0..3).map(tensor).collect();
        let file = NewFile { tensors: &tensors, notes: &BTreeMap::new(), nested: None };
        io::write_tensors(&at(name), &file).unwrap();
        age(&at(name), 5000);
    };
    ["D_100.pth", "D_200.pth", "D_300.pth"].into_iter().for_each(write_other);
    for step in [40u64, 50] {
        let name = format!("H_{step}.pth");
        write(&at(&name), &Rvq::new(vec![layer(noise(step, 8, DIM), 9.0).into()]).unwrap(), step);
        age(&at(&name), 2_000_000);
    }
    std::fs::write(at("train.log"), "step 1 loss 3.5\n").unwrap();
    std::fs::write(at("config.json"), "{\"a\": [1, 2]}").unwrap();
    ["train.log", "config.json"].into_iter().for_each(|name| age(&at(name), 5000));
    let mut watch = Watch::new(spec(folder.path())).unwrap();
    let events = go_through(&mut watch);
    assert_eq!(steps(&watch), [100, 200, 300]);
    let skipped: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            Event::Point(_) => None,
            Event::Skipped { file, text, .. } => Some((file.as_str(), text.english())),
            other => panic!("{other:?}"),
        })
        .collect();
    let [discriminator, shape] = skipped.as_slice() else { panic!("{skipped:?}") };
    assert!(discriminator.0.starts_with("D_") && discriminator.1.contains("discriminators.0"), "{skipped:?}");
    assert!(shape.0.starts_with("H_") && shape.1.contains("1 layer, K = 8"), "{skipped:?}");
}

#[test]
fn of_several_quantizers_the_one_that_is_meant_is_watched() {
    use rvqscope::io::{Dtype, NewFile, model::family};
    let folder = TempDir::new().unwrap();
    for step in [1, 2] {
        let of = |place: &str, step| {
            family("encodec").unwrap().tensors(&quantizer(step), place, Dtype::F32).unwrap()
        };
        let tensors = [of("teacher.", 7), of("student.", step)].concat();
        let path = folder.path().join(format!("both_{step}.pth"));
        io::write_tensors(&path, &NewFile { tensors: &tensors, notes: &BTreeMap::new(), nested: None })
            .unwrap();
        age(&path, 5000);
    }
    let mut either = Watch::new(spec(folder.path())).unwrap();
    let events = go_through(&mut either);
    let [Event::Skipped { text, .. }] = events.as_slice() else { panic!("{events:?}") };
    let text = text.english();
    assert!(text.contains("student") && text.contains("--quantizer"), "{text}");
    let meant = Meant { quantizer: Some("student".to_owned()), ..Meant::default() };
    let mut student = Watch::new(WatchSpec { meant, ..spec(folder.path()) }).unwrap();
    go_through(&mut student);
    assert_eq!(steps(&student), [1, 2]);
    assert_eq!(student.series().points()[0].quantizer, rvqscope::watch::Digest::of_quantizer(&quantizer(1)));
}

#[test]
fn a_quantizer_that_blew_up_is_told_at_once() {
    let folder = TempDir::new().unwrap();
    let mut bytes = bytes("m.safetensors", &quantizer(5), 5);
    let end = bytes.len() - 4;
    bytes[end..].copy_from_slice(&f32::NAN.to_le_bytes());
    let path = folder.path().join("m_5.safetensors");
    std::fs::write(&path, bytes).unwrap();
    age(&path, 5000);
    let mut watch = Watch::new(spec(folder.path())).unwrap();
    let events = go_through(&mut watch);
    let [Event::Unreadable { file, text }] = events.as_slice() else { panic!("{events:?}") };
    assert!(file == "m_5.safetensors" && text.english().contains("finite"), "{text}");
    assert!(go_through(&mut watch).is_empty(), "once");
    // So is what a full disk leaves.
    let empty = folder.path().join("m_6.pth");
    std::fs::write(&empty, b"").unwrap();
    age(&empty, 5000);
    let mut watch = Watch::new(spec(folder.path())).unwrap();
    let events = go_through(&mut watch);
    let is_empty =
        |event: &Event| matches!(event, Event::Unreadable { text, .. } if text.english().contains("empty"));
    assert_eq!((events.len(), events.iter().filter(|event| is_empty(event)).count()), (2, 1), "{events:?}");
}

#[test]
fn frames_that_do_not_fit_are_said_and_laid_aside() {
    let folder = TempDir::new().unwrap();
    old_checkpoints(folder.path(), [1, 2]);
    let wide = Probe::sample(noise(2, 50, 7).view(), Vec::new(), None, 50, 0);
    let mut watch = Watch::new(WatchSpec { probe: Some(Arc::new(wide)), ..spec(folder.path()) }).unwrap();
    let events = go_through(&mut watch);
    let notes = events
        .iter()
        .filter(|event| matches!(event, Event::Note(text) if text.english().contains("7 dimensions")));
    assert_eq!((notes.count(), steps(&watch).len()), (1, 2));
    assert_eq!(watch.series().points()[1].figures.frames, 0);
}

#[test]
fn a_folder_that_is_none_is_refused() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, b"x").unwrap();
    for path in [&file, &folder.path().join("missing")] {
        assert!(Watch::new(spec(path)).is_err());
    }
}

#[test]
fn memory_does_not_grow_with_what_lies_in_the_folder() {
    let folder = TempDir::new().unwrap();
    // A thousand evaluations are only quick on few frames.
    let few = Probe::sample(noise(9, 48, DIM).view(), Vec::new(), None, 48, 0);
    let mut watch = Watch::new(WatchSpec { probe: Some(Arc::new(few)), ..spec(folder.path()) }).unwrap();
    let mut cost = |steps: std::ops::Range<u64>| {
        old_checkpoints(folder.path(), steps.clone());
        let go = || {
            let start = std::time::Instant::now();
            while watch.series().points().len() < steps.end as usize - 1 {
                assert!(start.elapsed() < Duration::from_secs(300), "{:?}", watch.work());
                go_through(&mut watch);
                std::thread::sleep(Duration::from_millis(20));
            }
        };
        counting::cost(go).0
    };
    let (first, rest) = (cost(1..101), cost(101..1001));
    assert_eq!(watch.series().points().len(), 1000);
    // A point of two layers, its name, its findings and its place in the cache; no quantizer and no code stays.
    assert!(rest < first + 900 * 8192, "{first} bytes for the first hundred, {rest} for the other nine");
    assert!(first < 8 << 20, "{first}");
}
