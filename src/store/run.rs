//! A run and its file: quantizer, parameters, evaluations, history, and what it takes to resume its training.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::code_trace::{self, TraceDoc, TracerDoc};
use super::error::{Fault, StoreError};
use super::parts::{self, EditDoc, EvaluationDoc, SourceDoc, StateStored};
use super::quantizer::{self, RvqDoc};
use super::stored::{self, StoredTensors};
use super::tensors::{Tensors, TensorsFile};
use super::{history, params};
use crate::io::replace_file;
use crate::metrics::Evaluation;
use crate::rvq::{Layer, Rvq};
use crate::text::{Message, msg};
use crate::training::course::{Best, CourseState, CourseSummary};
use crate::training::{CodeTrace, History, LayerState, Run, RunFigures, SourceInfo, TrainerState};

/// Everything of a run that comes back from disk as it was, to the bit.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredRun {
    /// The run.
    pub run: Arc<Run>,
    /// The scalars of its steps.
    pub history: Arc<History>,
    /// What it takes to resume its training to the same bytes; `None` for what was never trained here.
    pub trainer: Option<Arc<TrainerState>>,
    /// The looks of its training at held-out frames; without effect where there is no training to resume.
    pub course: CourseState,
    /// Whether its frames were brought to a common scale before they were trained on.
    pub standardize: bool,
}

/// The tensor that holds the description of all others.
const RUN: &str = "run";

/// What the tensors of a run do not tell.
#[derive(Serialize, Deserialize)]
struct RunDoc {
    name: String,
    #[serde(with = "SourceDoc")]
    source: SourceInfo,
    params: Map<String, Value>,
    params_known: bool,
    live_edits: Vec<EditDoc>,
    steps: u64,
    rvq: RvqDoc,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    row_scales: Vec<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    course: Option<CourseSummary>,
    states: Vec<StateStored>,
    /// Runs that were stored before there was such a history have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    trace: Option<TraceDoc>,
    train: Option<EvaluationDoc>,
    held_out: Option<EvaluationDoc>,
    evaluated_at: u64,
    /// The series that its history has.
    history: BTreeSet<String>,
    trainer: Option<TrainerDoc>,
    standardize: bool,
}

/// What the tensors of a training do not tell.
#[derive(Serialize, Deserialize)]
struct TrainerDoc {
    params: Map<String, Value>,
    step: u64,
    /// `None` where it is the run's own.
    rvq: Option<RvqDoc>,
    layers: Vec<StateStored>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tracer: Option<TracerDoc>,
    epoch: u64,
    next: usize,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    course: Option<CourseDoc>,
}

/// What the tensors of the looks at held-out frames do not tell.
#[derive(Serialize, Deserialize)]
struct CourseDoc {
    best: Option<BestDoc>,
    gained: Option<(u64, f64)>,
    last: Option<(u64, f64)>,
}

#[derive(Serialize, Deserialize)]
struct BestDoc {
    step: u64,
    mse: f64,
    rvq: Option<RvqDoc>,
}

/// Writes `run` to `path`, whole or not at all.
///
/// # Errors
/// A value could not be read back (nothing is written then), or the system refuses; what was there before is as it was.
pub fn write_run(path: &Path, run: &StoredRun) -> Result<(), StoreError> {
    let file = into_file(run).map_err(|fault| fault.at(path))?;
    replace_file(path, |out| file.write(out)).map_err(StoreError::File)
}

/// Whether [`write_run`] wrote the file at `path`, by its header alone.
#[must_use]
pub fn is_run(path: &Path) -> bool {
    stored::is_stored(path)
}

/// Reads the run that [`write_run`] wrote to `path`.
///
/// # Errors
/// There is none, it is of a newer format, or it is damaged: every number is held against a checksum, and the parts against each other.
pub fn read_run(path: &Path) -> Result<StoredRun, StoreError> {
    let read = || from_file(&StoredTensors::open(path)?);
    read().map_err(|fault| fault.at(path))
}

fn into_file(stored: &StoredRun) -> Result<TensorsFile<'_>, Fault> {
    let StoredRun { run, history, trainer, course, standardize } = stored;
    // Taken apart, so that a new field does not compile before it has a place here.
    let Run {
        name,
        source,
        params,
        params_known,
        live_edits,
        steps,
        rvq,
        row_scales,
        course: summary,
        states,
        trace,
        train,
        held_out,
        evaluated_at,
        figures: _,
    } = run.as_ref();
    let mut tensors = Tensors::default();
    let rvq_doc = quantizer::put(rvq, "rvq", &mut tensors)?;
    let trainer = match trainer {
        Some(trainer) => Some(put_trainer(trainer, course, run, &mut tensors)?),
        None => None,
    };
    let doc = RunDoc {
        name: name.clone(),
        source: source.clone(),
        params: params::put(params)?,
        params_known: *params_known,
        live_edits: live_edits.iter().map(EditDoc::put).collect::<Result<_, _>>()?,
        steps: *steps,
        rvq: rvq_doc,
        row_scales: row_scales.clone(),
        course: *summary,
        states: parts::put_states(states, rvq, "run", &mut tensors)?,
        trace: match trace {
            Some(trace) => Some(code_trace::put(trace, (rvq, *steps), "run", &mut tensors)?),
            None => None,
        },
        train: put_evaluation(train.as_deref(), rvq, "train", &mut tensors)?,
        held_out: put_evaluation(held_out.as_deref(), rvq, "held_out", &mut tensors)?,
        evaluated_at: *evaluated_at,
        history: history::put(history, &mut tensors)?,
        trainer,
        standardize: *standardize,
    };
    tensors.into_file(RUN, serde_json::to_string(&doc)?)
}

fn put_evaluation<'a>(
    evaluation: Option<&'a Evaluation>,
    rvq: &Rvq,
    at: &str,
    tensors: &mut Tensors<'a>,
) -> Result<Option<EvaluationDoc>, Fault> {
    evaluation.map(|evaluation| parts::put_evaluation(evaluation, rvq, at, tensors)).transpose()
}

fn put_trainer<'a>(
    trainer: &'a TrainerState,
    course: &'a CourseState,
    run: &Run,
    tensors: &mut Tensors<'a>,
) -> Result<TrainerDoc, Fault> {
    check_trainer(trainer).map_err(Fault::unfit)?;
    let TrainerState { params, step, rvq, layers, tracer, epoch, next } = trainer;
    // Compared by bits: what is equal but not the same, as 0 and -0 are, would not go on to the same bytes.
    let (mut own, mut runs) = (Tensors::default(), Tensors::default());
    let doc = quantizer::put(rvq, "trainer", &mut own)?;
    let is_runs = quantizer::put(&run.rvq, "trainer", &mut runs)? == doc && own.has_same_bits(&runs);
    if !is_runs {
        tensors.append(own);
    }
    Ok(TrainerDoc {
        params: params::put(params)?,
        step: *step,
        rvq: (!is_runs).then_some(doc),
        layers: parts::put_states(layers, rvq, "trainer", tensors)?,
        tracer: match tracer {
            Some(tracer) => {
                Some(code_trace::put_tracer(tracer, run.trace.as_deref(), (rvq, *step), tensors)?)
            }
            None => None,
        },
        epoch: *epoch,
        next: *next,
        course: (*course != CourseState::default()).then(|| put_course(course, tensors)).transpose()?,
    })
}

fn put_course<'a>(course: &'a CourseState, tensors: &mut Tensors<'a>) -> Result<CourseDoc, Fault> {
    let CourseState { best, gained, last } = course;
    let put = |Best { step, mse, rvq }: &'a Best| {
        let rvq = rvq.as_deref().map(|rvq| quantizer::put(rvq, "best", tensors)).transpose()?;
        Ok::<_, Fault>(BestDoc { step: *step, mse: *mse, rvq })
    };
    Ok(CourseDoc { best: best.as_ref().map(put).transpose()?, gained: *gained, last: *last })
}

fn take_course(doc: CourseDoc, of: &TrainerState, tensors: &StoredTensors) -> Result<CourseState, Fault> {
    let CourseDoc { best, gained, last } = doc;
    let take = |BestDoc { step, mse, rvq }: BestDoc| {
        let rvq = rvq.map(|doc| quantizer::take(&doc, "best", tensors)).transpose()?;
        if step > of.step || rvq.as_ref().is_some_and(|rvq| shape_of(rvq) != shape_of(&of.rvq)) {
            return Err(Fault::damaged(msg!("err-best-state")));
        }
        Ok(Best { step, mse, rvq: rvq.map(Arc::new) })
    };
    let best = best.map(take).transpose()?;
    // A change on the way is counted from the step behind it.
    let is_ahead =
        |of_look: Option<(u64, f64)>| of_look.is_some_and(|(at, _)| at > of.step.saturating_add(1));
    if is_ahead(last) || is_ahead(gained) {
        return Err(Fault::damaged(msg!("err-looks-ahead")));
    }
    Ok(CourseState { best, gained, last })
}

fn from_file(tensors: &StoredTensors) -> Result<StoredRun, Fault> {
    let doc: RunDoc = serde_json::from_str(&tensors.text(RUN)?)?;
    let rvq = quantizer::take(&doc.rvq, "rvq", tensors)?;
    let evaluation = |doc: Option<EvaluationDoc>, at: &str| {
        let taken = doc.map(|doc| parts::take_evaluation(doc, &rvq, at, tensors));
        Ok::<_, Fault>(taken.transpose()?.map(Arc::new))
    };
    let train = evaluation(doc.train, "train")?;
    let held_out = evaluation(doc.held_out, "held_out")?;
    let states = parts::take_states(doc.states, &rvq, "run", tensors)?;
    let trace = match &doc.trace {
        Some(trace) => Some(code_trace::take(trace, (&rvq, doc.steps), "run", tensors)?),
        None => None,
    };
    let trainer = match doc.trainer {
        Some(trainer) => Some(take_trainer(trainer, (&rvq, trace.as_ref()), tensors)?),
        None => None,
    };
    let (trainer, course) =
        trainer.map_or((None, CourseState::default()), |(state, course)| (Some(Arc::new(state)), course));
    let run = Run {
        name: doc.name,
        source: doc.source,
        params: params::take(&doc.params)?,
        params_known: doc.params_known,
        live_edits: doc.live_edits.into_iter().map(EditDoc::take).collect::<Result<_, _>>()?,
        steps: doc.steps,
        rvq: Arc::new(rvq),
        row_scales: doc.row_scales,
        course: doc.course,
        states,
        trace,
        train,
        held_out,
        evaluated_at: doc.evaluated_at,
        figures: RunFigures::default(),
    };
    let history = Arc::new(history::take(&doc.history, tensors)?);
    Ok(StoredRun { run: Arc::new(run), history, trainer, course, standardize: doc.standardize })
}

fn take_trainer(
    doc: TrainerDoc,
    (run, trace): (&Rvq, Option<&Arc<CodeTrace>>),
    tensors: &StoredTensors,
) -> Result<(TrainerState, CourseState), Fault> {
    let rvq = match &doc.rvq {
        Some(own) => quantizer::take(own, "trainer", tensors)?,
        None => run.clone(),
    };
    let layers = parts::take_states(doc.layers, &rvq, "trainer", tensors)?;
    let tracer = match &doc.tracer {
        Some(tracer) => Some(code_trace::take_tracer(tracer, trace, (&rvq, doc.step), tensors)?),
        None => None,
    };
    let params = params::take(&doc.params)?;
    let TrainerDoc { step, epoch, next, course, .. } = doc;
    let state = TrainerState { params, step, rvq, layers, tracer, epoch, next };
    check_trainer(&state).map_err(Fault::damaged)?;
    let course = course.map(|course| take_course(course, &state, tensors)).transpose()?;
    Ok((state, course.unwrap_or_default()))
}

/// The dimension of the frames, and the shape of each codebook.
fn shape_of(rvq: &Rvq) -> (usize, Vec<(usize, usize)>) {
    (rvq.dim(), rvq.layers().iter().map(|layer| layer.codebook.embed().dim()).collect())
}

/// Checks that every layer has a state that is not ahead of the training. Whether it fits its frames shows where it is resumed.
fn check_trainer(state: &TrainerState) -> Result<(), Message> {
    let TrainerState { step, rvq, layers, tracer, .. } = state;
    let fits = |(layer, of): (&LayerState, &Layer)| {
        let noted = layer.replaced_at.iter().max().copied().max(layer.init_step);
        layer.replaced_at.len() == of.codebook.num_codes() && noted.is_none_or(|noted| noted <= *step)
    };
    let traced = tracer.as_ref().is_none_or(|tracer| tracer.trace().fits(rvq, *step));
    if traced && layers.len() == rvq.num_layers() && layers.iter().zip(rvq.layers()).all(fits) {
        Ok(())
    } else {
        Err(msg!("err-training-quantizer"))
    }
}
