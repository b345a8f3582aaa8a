//! Runs to store: trained here, loaded from fixtures, or put together of random parts; and how two of them are compared.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ndarray::{Array1, Array2};
use rvqscope::features::{FeatureMatrix, FeatureSet};
use rvqscope::io::{self, Opened};
use rvqscope::metrics::{Evaluation, GainSample, LayerTally, evaluate};
use rvqscope::random::{self, Purpose};
use rvqscope::rvq::search::Search;
use rvqscope::rvq::{ChainParts, Codebook, Layer, Metric, Projection, Rvq, RvqParams};
use rvqscope::store::{StoredRun, read_run, write_run};
use rvqscope::task::{Cancel, Task};
use rvqscope::training::course::{Best, CourseState, CourseSummary};
use rvqscope::training::{
    CodeSnapshot, CodeTrace, History, LayerState, LayerStep, LiveEdit, Run, RunFigures, SourceInfo,
    StepRecord, Tracer, Trainer, TrainerState,
};

use crate::common;

/// Random numbers, the same for the same seed.
pub struct Dice(rand_pcg::Pcg64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(random::stream(seed, Purpose::Data, 77))
    }

    pub fn below(&mut self, bound: usize) -> usize {
        random::below(&mut self.0, bound)
    }

    pub fn heads(&mut self) -> bool {
        self.below(2) == 1
    }

    /// Any finite number, many of them awkward.
    pub fn real(&mut self) -> f64 {
        match self.below(8) {
            0 => -0.0,
            1 => 5e-324,
            2 => f64::MAX,
            3 => self.below(100) as f64,
            4 => 0.1 + 0.2,
            _ => (random::unit(&mut self.0) - 0.5) * 1e3,
        }
    }

    fn small(&mut self) -> f32 {
        match self.below(8) {
            0 => -0.0,
            1 => f32::from_bits(1),
            _ => (self.real() % 1e3) as f32,
        }
    }

    fn table(&mut self, rows: usize, columns: usize) -> Array2<f32> {
        Array2::from_shape_simple_fn((rows, columns), || self.small())
    }

    fn projection(&mut self, outer: usize, inner: usize) -> Projection {
        Projection {
            in_weight: self.table(inner, outer),
            in_bias: self.table(1, inner).row(0).to_owned(),
            out_weight: self.table(outer, inner),
            out_bias: self.table(1, outer).row(0).to_owned(),
        }
    }

    fn codebook(&mut self, codes: usize, dim: usize) -> Codebook {
        let embed = self.table(codes, dim);
        if self.heads() {
            // As from a checkpoint, where every number was an f32.
            return Codebook::from_rows(embed).unwrap();
        }
        let sizes = Array1::from_shape_simple_fn(codes, || self.real());
        let sums = Array2::from_shape_simple_fn((codes, dim), || self.real());
        Codebook::new(embed, sizes, sums).unwrap()
    }

    fn chain(&mut self, columns: std::ops::Range<usize>) -> ChainParts {
        let outer = columns.len();
        let inner = if self.heads() { 1 + self.below(4) } else { outer };
        let projection = (inner != outer || self.heads()).then(|| self.projection(outer, inner));
        let count = 1 + self.below(3);
        let layers = (0..count).map(|_| {
            let dim = if self.heads() { inner } else { 1 + self.below(3) };
            Layer {
                codebook: {
                    let codes = 1 + self.below(6);
                    self.codebook(codes, dim)
                },
                projection: (dim != inner || self.below(4) == 0).then(|| self.projection(inner, dim)),
                stride: [1, 1, 2, 4][self.below(4)],
            }
        });
        let layers = layers.collect();
        ChainParts { layers, columns: Some(columns), projection }
    }

    /// A quantizer of any shape.
    pub fn rvq(&mut self) -> Rvq {
        let dim = 2 + self.below(4);
        let metric = [Metric::Euclidean, Metric::Cosine, Metric::CosineRaw][self.below(3)];
        let chains = match self.below(3) {
            // One after the other over all columns, as in Mimi.
            0 => (0..1 + self.below(3)).map(|_| self.chain(0..dim)).collect(),
            // Side by side, as in grouped quantizers.
            1 => {
                let cut = 1 + self.below(dim - 1);
                vec![self.chain(0..cut), self.chain(cut..dim)]
            }
            _ => vec![self.chain(0..dim)],
        };
        Rvq::of_chains(dim, chains, metric).unwrap()
    }

    fn evaluation(&mut self, rvq: &Rvq) -> Evaluation {
        let tally = |layer: &Layer| {
            let codes = layer.codebook.num_codes();
            LayerTally {
                counts: (0..codes).map(|_| self.below(50) as u64).collect(),
                code_sq_error: (0..codes).map(|_| self.real()).collect(),
                residual_energy: if self.below(9) == 0 { f64::INFINITY } else { self.real() },
                gain: self.heads().then(|| GainSample {
                    frames: self.below(99) as u64,
                    eigenvalues: (0..self.below(4)).map(|_| self.real()).collect(),
                    left: f64::NEG_INFINITY,
                }),
            }
        };
        let layers: Vec<_> = rvq.layers().iter().map(tally).collect();
        Evaluation {
            frames: 1000 + self.below(50) as u64,
            dim: rvq.dim(),
            signal_energy: self.real(),
            centred_energy: self.real(),
            search: [Search::Greedy, Search::Beam(7)][self.below(2)],
            greedy_energy: self.heads().then(|| self.real()),
            layers,
        }
    }

    fn states(&mut self, rvq: &Rvq, steps: u64) -> Vec<LayerState> {
        let state = |layer: &Layer| {
            let codes = layer.codebook.num_codes();
            LayerState {
                init_step: Some(self.below(steps as usize + 1) as u64),
                batch_counts: (0..codes).map(|_| self.below(1 << 30) as u32).collect(),
                code_drift: (0..codes).map(|_| self.small()).collect(),
                replaced_at: (0..codes).map(|_| self.below(steps as usize + 1) as u64).collect(),
                threshold_frames: self.real(),
                misassigned: self.heads().then(|| self.below(9) as u32),
            }
        };
        rvq.layers().iter().map(state).collect()
    }

    /// A history of codes up to some step that is not behind `steps`, and what came since.
    fn tracer(&mut self, rvq: &Rvq, steps: u64) -> Tracer {
        let layer_codes: Vec<usize> = rvq.layers().iter().map(|layer| layer.codebook.num_codes()).collect();
        let codes: usize = layer_codes.iter().sum();
        let every = 1 + self.below(3) as u64;
        let from = self.below(1 + steps as usize / 2) as u64;
        let due: Vec<u64> = (from + 1..=steps).filter(|step| step.is_multiple_of(every)).collect();
        let mut snapshot = |step| {
            Arc::new(CodeSnapshot {
                step,
                sizes: (0..codes).map(|_| self.small()).collect(),
                moved: (0..codes).map(|_| self.small()).collect(),
                replaced: (0..codes).map(|_| self.below(1 << 30) as u32).collect(),
            })
        };
        let snapshots = due.into_iter().map(&mut snapshot).collect();
        let trace = CodeTrace::from_parts(layer_codes, from, every, snapshots).unwrap();
        let moved = (0..codes).map(|_| self.real()).collect();
        let replaced = (0..codes).map(|_| self.below(9) as u32).collect();
        Tracer::from_parts(Arc::new(trace), moved, replaced).unwrap()
    }

    fn history(&mut self, layers: usize) -> History {
        let mut history = History::default();
        for step in 1..=self.below(6) as u64 {
            // Not every step trains every layer: NaN where one was left out.
            let trained = 1 + self.below(layers);
            let layer = |_| LayerStep {
                loss: self.real(),
                mse: self.real(),
                perplexity: self.real(),
                used: self.below(1000) as u32,
                drift_all: self.real(),
                ..LayerStep::default()
            };
            history.push(&StepRecord { step: step * 3, layers: (0..trained).map(layer).collect() });
        }
        history
    }

    /// A run with everything in it, or with much left out.
    pub fn run(&mut self) -> StoredRun {
        let rvq = self.rvq();
        let steps = self.below(40) as u64;
        let rule = ["rvqscope", "encodec", "gpt-sovits", "lucidrains", "moshi"][self.below(5)];
        let params = RvqParams {
            decay: self.real(),
            metric: rvq.metric(),
            seed: u64::MAX - self.below(9) as u64,
            ..common::small_params(rule)
        };
        let own = self.heads().then(|| self.rvq());
        let trainer = self.heads().then(|| {
            let rvq = own.unwrap_or_else(|| rvq.clone());
            let layers = self.states(&rvq, steps);
            let tracer = self.heads().then(|| self.tracer(&rvq, steps));
            Arc::new(TrainerState {
                params,
                step: steps,
                rvq,
                layers,
                tracer,
                epoch: 3,
                next: self.below(100),
            })
        });
        let run = Run {
            name: ["", "moshi 21:40", "\"\u{1F50A}\\\n, x", "a/b"][self.below(4)].to_owned(),
            source: SourceInfo {
                paths: (0..self.below(3)).map(|n| format!("/data/é {n}.wav")).collect(),
                frames: self.below(1000),
                dim: rvq.dim(),
                frame_rate_hz: self.heads().then_some(86.132_812_5),
                train_frames: self.below(1000),
                held_out_frames: self.below(1000),
                holdout: 0.1 + 0.2,
            },
            params,
            params_known: self.heads(),
            live_edits: (0..self.below(3)).map(|n| edit(n as u64)).collect(),
            steps,
            states: if self.heads() { self.states(&rvq, steps) } else { Vec::new() },
            trace: self.heads().then(|| self.tracer(&rvq, steps).trace().clone()),
            train: self.heads().then(|| Arc::new(self.evaluation(&rvq))),
            held_out: self.heads().then(|| Arc::new(self.evaluation(&rvq))),
            evaluated_at: steps / 2,
            figures: RunFigures::default(),
            rvq: Arc::new(rvq),
            row_scales: vec![1.0, 1.1, f64::MIN_POSITIVE],
            course: self.heads().then(|| self.course_summary(steps)),
        };
        let history = Arc::new(self.history(run.rvq.num_layers()));
        let course = match trainer.as_deref() {
            Some(trainer) if self.heads() => self.course(trainer),
            _ => CourseState::default(),
        };
        StoredRun { run: Arc::new(run), history, trainer, course, standardize: self.heads() }
    }

    fn course_summary(&mut self, steps: u64) -> CourseSummary {
        CourseSummary {
            best_step: steps / 2,
            above_best_db: self.real(),
            gained_at: steps / 3,
            looked_at: steps,
            kept: self.heads().then_some(steps / 2),
            ended_early: self.heads(),
        }
    }

    fn course(&mut self, trainer: &TrainerState) -> CourseState {
        let rvq = self.heads().then(|| Arc::new(trainer.rvq.clone()));
        CourseState {
            best: self.heads().then(|| Best { step: trainer.step / 2, mse: self.real(), rvq }),
            gained: self.heads().then(|| (trainer.step + 1, self.real())),
            last: self.heads().then_some((trainer.step, 0.1 + 0.2)),
        }
    }
}

fn edit(step: u64) -> LiveEdit {
    let (from, to) = (serde_json::json!(0.1 + 0.2), serde_json::json!("upstream"));
    LiveEdit { step, key: ["decay", "batch_size", "assignment"][step as usize % 3], from, to }
}

/// A training on a small corpus that stands behind step `steps`, as it is stored.
pub fn trained(rule: &str, steps: u64) -> (StoredRun, Trainer) {
    let (set, train) = corpus();
    let params = common::small_params(rule).validate().unwrap();
    let mut trainer = Trainer::new(params, set.clone(), train.clone(), None).unwrap();
    let mut history = History::default();
    advance(&mut trainer, &mut history, steps);
    let cancel = Cancel::default();
    let view = set.matrix.view();
    let evaluation =
        evaluate(trainer.rvq(), view, &[500..600], Search::Beam(3), &Task::silent(&cancel)).unwrap();
    let run = Run {
        name: format!("{rule} in a test"),
        source: SourceInfo {
            paths: vec!["clip.npy".to_owned()],
            frames: 600,
            dim: 4,
            frame_rate_hz: Some(50.0),
            train_frames: 500,
            held_out_frames: 100,
            holdout: 1.0 / 6.0,
        },
        params: *trainer.params(),
        params_known: true,
        live_edits: vec![edit(2)],
        steps,
        rvq: Arc::new(trainer.rvq().clone()),
        row_scales: Vec::new(),
        course: None,
        states: trainer.layer_states().to_vec(),
        trace: trainer.code_trace().cloned(),
        train: None,
        held_out: Some(Arc::new(evaluation)),
        evaluated_at: steps,
        figures: RunFigures::default(),
    };
    let state = trainer.state().map(Arc::new);
    let history = Arc::new(history);
    let course = CourseState::default();
    let stored = StoredRun { run: Arc::new(run), history, trainer: state, course, standardize: false };
    (stored, trainer)
}

/// 600 frames, of which the first 500 are trained on.
pub fn corpus() -> (Arc<FeatureSet>, Vec<std::ops::Range<usize>>) {
    let frames = FeatureMatrix::new(common::clustered(3, 600, 4, 9)).unwrap();
    (Arc::new(FeatureSet::single("clip", frames, Some(50.0))), vec![0..500])
}

/// Takes `steps` steps and notes them.
pub fn advance(trainer: &mut Trainer, history: &mut History, steps: u64) {
    let cancel = Cancel::default();
    for _ in 0..steps {
        history.push(&trainer.step(&Task::silent(&cancel)).unwrap());
    }
}

/// A run around a quantizer that was not trained here.
pub fn loaded(name: &str, rvq: Rvq) -> StoredRun {
    let run = Run {
        name: name.to_owned(),
        source: SourceInfo { dim: rvq.dim(), ..SourceInfo::default() },
        params: RvqParams { metric: rvq.metric(), num_layers: rvq.num_layers(), ..RvqParams::default() },
        params_known: false,
        live_edits: Vec::new(),
        steps: 0,
        rvq: Arc::new(rvq),
        row_scales: Vec::new(),
        course: None,
        states: Vec::new(),
        trace: None,
        train: None,
        held_out: None,
        evaluated_at: 0,
        figures: RunFigures::default(),
    };
    let course = CourseState::default();
    StoredRun { run: Arc::new(run), history: Arc::default(), trainer: None, course, standardize: false }
}

/// Every quantizer among the fixtures.
pub fn fixtures() -> Vec<(PathBuf, Rvq)> {
    let mut found = Vec::new();
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let cancel = Cancel::default();
    for folder in ["families", "containers", ""] {
        for entry in std::fs::read_dir(fixtures.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file()
                && let Ok(Opened::Model(model)) = io::open(&path, &Task::silent(&cancel))
            {
                found.push((path, model.rvq));
            }
        }
    }
    found.sort_by(|a, b| a.0.cmp(&b.0));
    found
}

/// The run as the disk gives it back.
pub fn through_disk(run: &StoredRun) -> StoredRun {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a run.safetensors");
    write_run(&path, run).unwrap();
    read_run(&path).unwrap()
}

/// The bytes of its file.
pub fn bytes(run: &StoredRun) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("1.safetensors");
    write_run(&path, run).unwrap();
    std::fs::read(path).unwrap()
}

/// Compares all parts by bits: numbers as such would hold 0 and -0 for one, and no NaN for itself.
#[track_caller]
pub fn assert_same(back: &StoredRun, run: &StoredRun) {
    let (a, b) = (&*back.run, &*run.run);
    assert_eq!(a.rvq, b.rvq);
    assert_eq!(rvq_bits(&a.rvq), rvq_bits(&b.rvq));
    // What Debug prints tells -0 from 0, and prints enough digits for every number.
    assert_eq!(format!("{a:?}"), format!("{b:?}"));
    assert_eq!(common::history_bits(&back.history), common::history_bits(&run.history));
    assert_eq!(back.history.num_layers(), run.history.num_layers());
    assert_eq!(back.standardize, run.standardize);
    assert_eq!(back.trainer, run.trainer);
    if let (Some(a), Some(b)) = (&back.trainer, &run.trainer) {
        assert_eq!(rvq_bits(&a.rvq), rvq_bits(&b.rvq));
        assert_eq!(format!("{a:?}"), format!("{b:?}"));
    }
}

type Bits = (Vec<(Vec<u32>, Vec<u64>, Vec<u64>)>, Vec<Vec<u32>>);

fn rvq_bits(rvq: &Rvq) -> Bits {
    let around = rvq.layers().iter().map(|layer| layer.projection.as_ref());
    let around = around.chain(rvq.chains().iter().map(|chain| chain.projection()));
    let bits = |p: &Projection| {
        let Projection { in_weight, in_bias, out_weight, out_bias } = p;
        let all = in_weight.iter().chain(in_bias).chain(out_weight).chain(out_bias);
        all.map(|v| v.to_bits()).collect()
    };
    (common::bits(rvq), around.flatten().map(bits).collect())
}
