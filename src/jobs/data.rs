//! Opening files and built-in sources as one corpus.

use std::path::PathBuf;
use std::sync::Arc;

use crate::audio::{Audio, ChannelChoice, Intake};
use crate::features::{self, FeatureSet, article_example, demo::DEMO_CLIPS};
use crate::io::{self, LoadedModel, Opened};
use crate::task::Task;
use crate::text::{msg, phrase};

use super::dataset::{AudioClip, Builtin, DataSpec, Dataset, OpenSpec, Source};
use super::feature_files::FeatureFiles;
use super::tokens::CodesFiles;
use super::{JobCtx, JobError, JobEvent, OpenedCodes};

/// What files held: a corpus or codes alone, a model, or both.
#[derive(Debug, Default)]
pub struct OpenedFiles {
    /// The corpus.
    pub dataset: Option<Arc<Dataset>>,
    /// The model and its path.
    pub model: Option<(PathBuf, Arc<LoadedModel>)>,
    /// Codes without their frames.
    pub codes: Option<Arc<OpenedCodes>>,
}

/// Opens everything that `spec` names.
///
/// # Errors
/// A file cannot be read, files of different kinds do not make one corpus, or there is more than one model.
pub fn open(spec: &OpenSpec, ctx: &JobCtx<'_>) -> Result<OpenedFiles, JobError> {
    ctx.compute(|task| match &spec.source {
        Source::Builtin(Builtin::Article) => {
            let dataset = Dataset {
                source: spec.source.clone(),
                set: Arc::new(article_example(0)),
                audio: Vec::new(),
                time_axis: None,
                summary: msg!("corpus-uniform"),
            };
            Ok(OpenedFiles { dataset: Some(Arc::new(dataset)), ..OpenedFiles::default() })
        }
        Source::Builtin(Builtin::Demo) => {
            let dataset = demo(spec, DEMO_CLIPS, task)?;
            Ok(OpenedFiles { dataset: Some(Arc::new(dataset)), ..OpenedFiles::default() })
        }
        Source::Files(paths) => open_files(spec, paths, ctx, task),
    })?
}

/// These clips of the demo.
pub(super) fn demo(spec: &OpenSpec, clips: &[(&str, &[u8])], task: &Task<'_>) -> Result<Dataset, JobError> {
    let mut audio = AudioFiles::new(spec);
    for (name, bytes) in clips {
        audio.push(name, io::wav::read_bytes(name, bytes)?, spec.data.channel, task)?;
    }
    audio.finish(task)
}

fn open_files(
    spec: &OpenSpec,
    paths: &[PathBuf],
    ctx: &JobCtx<'_>,
    task: &Task<'_>,
) -> Result<OpenedFiles, JobError> {
    let files = io::expand(paths, task)?;
    if files.is_empty() {
        return Err(JobError::Input(msg!("job-no-file")));
    }
    let mut audio = AudioFiles::new(spec);
    let (mut features, mut codes, mut model) = (FeatureFiles::default(), CodesFiles::default(), None);
    for (done, path) in files.iter().enumerate() {
        task.check()?;
        task.progress(phrase!("stage-reading"), done, files.len());
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        let num_layers =
            model.as_ref().map(|(_, model): &(PathBuf, Arc<LoadedModel>)| model.rvq.num_layers());
        let wanted = io::Wanted { num_layers, ..spec.data.wanted(path, audio.intake()) };
        match io::open_as(path, wanted, task)? {
            Opened::Audio(clip) => {
                for finding in &clip.findings {
                    (ctx.emit)(JobEvent::Notice(msg!(
                        "about-file",
                        words = finding,
                        path = path.display().to_string()
                    )));
                }
                // The channel was chosen while it was read.
                audio.push(&name, clip, ChannelChoice::Mix, task)?;
            }
            Opened::Features(raw) => features.push(spec, path, &name, raw)?,
            Opened::Model(loaded) => {
                if let Some((other, _)) = model.replace((path.clone(), Arc::new(loaded))) {
                    let (one, other) = (other.display().to_string(), path.display().to_string());
                    return Err(JobError::Input(msg!("job-two-models", one = one, other = other)));
                }
            }
            Opened::Codes(raw) => codes.push(&name, raw)?,
        }
    }
    let kinds = [
        (audio.clips.len(), phrase!("kind-audio")),
        (features.count, phrase!("kind-features")),
        (codes.count(), phrase!("kind-codes")),
    ];
    let found: Vec<_> = kinds.into_iter().filter(|(count, _)| *count > 0).collect();
    if let [(a_count, a), (b_count, b), ..] = found.as_slice() {
        let words = msg!("job-two-kinds", a = *a, a_count = *a_count, b = *b, b_count = *b_count);
        return Err(JobError::Input(words));
    }
    let dataset = match (audio.clips.is_empty(), features.count == 0) {
        (false, _) => Some(Arc::new(audio.finish(task)?)),
        (true, false) => Some(Arc::new(features.finish(spec, ctx, task)?)),
        (true, true) => None,
    };
    let codes = match codes.count() {
        0 => None,
        _ => Some(Arc::new(codes.finish(spec, model.as_ref().map(|(_, model)| model.as_ref()))?)),
    };
    Ok(OpenedFiles { dataset, model, codes })
}

/// Audio files, each down to the one channel that extractors see: no more than that of any of them is kept.
struct AudioFiles<'a> {
    spec: &'a OpenSpec,
    clips: Vec<AudioClip>,
}

impl<'a> AudioFiles<'a> {
    fn new(spec: &'a OpenSpec) -> Self {
        Self { spec, clips: Vec::new() }
    }

    /// What is kept of each file while it is read.
    fn intake(&self) -> Intake {
        let DataSpec { channel, extract, .. } = &self.spec.data;
        Intake::Mono { channel: *channel, sample_rate_hz: extract.sample_rate_hz }
    }

    fn push(
        &mut self,
        name: &str,
        audio: Audio,
        channel: ChannelChoice,
        task: &Task<'_>,
    ) -> Result<(), JobError> {
        let params = &self.spec.data.extract;
        params.validate()?;
        let samples = features::prepare(audio, channel, params, task)
            .map_err(|problem| extract_error(problem, name))?;
        self.clips.push(AudioClip { name: name.to_owned(), samples, sample_rate_hz: params.sample_rate_hz });
        Ok(())
    }

    fn finish(self, task: &Task<'_>) -> Result<Dataset, JobError> {
        let Self { spec, clips } = self;
        let params = &spec.data.extract;
        let extractor = params.extractor()?;
        let mut parts = Vec::with_capacity(clips.len());
        for (done, clip) in clips.iter().enumerate() {
            let AudioClip { name, samples, .. } = clip;
            task.check()?;
            task.progress(
                msg!("stage-extracting", extractor = extractor.name(), clip = name),
                done,
                clips.len(),
            );
            let frames =
                extractor.extract(samples, params, task).map_err(|problem| extract_error(problem, name))?;
            parts.push((name.clone(), frames));
        }
        let set = FeatureSet::join(&parts, Some(extractor.frame_rate_hz(params)))
            .map_err(|problem| JobError::Features { problem, path: spec.source.paths().join(", ") })?;
        let set = FeatureSet { extract: Some(*params), ..set };
        let summary = msg!("corpus-of-audio", n = clips.len(), extractor = extractor.name());
        Ok(Dataset {
            source: spec.source.clone(),
            set: Arc::new(set),
            audio: clips,
            time_axis: None,
            summary,
        })
    }
}

fn extract_error(problem: features::ExtractError, path: &str) -> JobError {
    match problem {
        features::ExtractError::Cancelled(cancelled) => JobError::Cancelled(cancelled),
        problem => JobError::Extract { problem, path: path.to_owned() },
    }
}
