//! Where a run comes from, as JSON, and back.

use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::doctor::repair::{Scores, Tried, fix};
use crate::io::ModelOptions;
use crate::io::model::ModelInfo;
use crate::jobs::{DataSpec, Source};
use crate::rvq::RvqParams;
use crate::training::{params_from_json, params_json};

use super::ids::RunId;
use super::run_entry::{ModelFile, Origin};

/// An [`Origin`] as it is written.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum OriginDoc {
    Trained {
        from: Option<RunId>,
    },
    Compared,
    Swept,
    Loaded(Box<ModelDoc>),
    /// Not in workspaces of 0.1.
    Repaired {
        from: RunId,
        tried: Vec<TriedDoc>,
        model: Option<Box<ModelDoc>>,
    },
    Codes {
        source: Source,
        spec: Map<String, Value>,
    },
}

/// A [`ModelFile`] as it is written.
#[derive(Serialize, Deserialize)]
pub(super) struct ModelDoc {
    path: PathBuf,
    info: ModelInfo,
    params: Option<Map<String, Value>>,
    steps: u64,
    quantizer: Option<String>,
    #[serde(default)]
    options: ModelOptions,
}

/// What came of a fix, as it is written.
#[derive(Serialize, Deserialize)]
pub(super) struct TriedDoc {
    fix: String,
    rows: usize,
    before: Scores,
    after: Scores,
    kept: bool,
}

impl OriginDoc {
    /// The origin as it is written; `spec` says how codes are read.
    pub(super) fn put(origin: &Origin, spec: &DataSpec) -> Self {
        match origin {
            Origin::Trained { from } => Self::Trained { from: *from },
            Origin::Compared => Self::Compared,
            Origin::Swept => Self::Swept,
            Origin::Loaded(file) => Self::Loaded(Box::new(ModelDoc::put(file))),
            Origin::Repaired { from, tried, model } => Self::Repaired {
                from: *from,
                tried: tried.iter().map(TriedDoc::put).collect(),
                model: model.as_deref().map(|file| Box::new(ModelDoc::put(file))),
            },
            Origin::Codes(source) => Self::Codes { source: source.clone(), spec: spec.to_json() },
        }
    }

    /// The origin that was written.
    pub(super) fn take(self) -> Origin {
        match self {
            Self::Trained { from } => Origin::Trained { from },
            Self::Compared => Origin::Compared,
            Self::Swept => Origin::Swept,
            Self::Loaded(doc) => Origin::Loaded(Arc::new(doc.take())),
            Self::Repaired { from, tried, model } => Origin::Repaired {
                from,
                tried: tried.into_iter().filter_map(TriedDoc::take).collect(),
                model: model.map(|doc| Arc::new(doc.take())),
            },
            Self::Codes { source, spec: _ } => Origin::Codes(source),
        }
    }
}

impl ModelDoc {
    fn put(file: &ModelFile) -> Self {
        let ModelFile { path, info, params, steps, quantizer, options, others: _ } = file;
        Self {
            path: path.clone(),
            info: info.clone(),
            params: params.as_ref().map(params_json),
            steps: *steps,
            quantizer: quantizer.clone(),
            options: options.clone(),
        }
    }

    fn take(self) -> ModelFile {
        let Self { path, info, params, steps, quantizer, options } = self;
        let params = params.as_ref().and_then(sound_params);
        ModelFile { path, info, params, steps, quantizer, options, others: None }
    }
}

impl TriedDoc {
    fn put(tried: &Tried) -> Self {
        let Tried { fix, rows, before, after, kept } = *tried;
        Self { fix: fix.to_owned(), rows, before, after, kept }
    }

    /// What was tried; nothing of a fix that is not known here.
    fn take(self) -> Option<Tried> {
        let Self { fix: id, rows, before, after, kept } = self;
        let fix = fix(&id).filter(|fix| fix.id == id)?.id;
        Some(Tried { fix, rows, before, after, kept })
    }
}

/// Parameters that were written, where they are within their ranges.
pub(super) fn sound_params(map: &Map<String, Value>) -> Option<RvqParams> {
    params_from_json(map).filter(|params| params.validate().is_ok())
}
