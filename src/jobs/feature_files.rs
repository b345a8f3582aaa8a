//! Files of features as one corpus, joined as they are read.

use std::path::Path;
use std::sync::Arc;

use crate::io::{RawFeatures, TimeAxis};
use crate::task::Task;
use crate::text::{Message, msg};

use super::corpus::CorpusBuilder;
use super::{Dataset, JobCtx, JobError, JobEvent, OpenSpec};

/// Features, joined as they are read.
#[derive(Default)]
pub(super) struct FeatureFiles {
    corpus: CorpusBuilder,
    /// How many files they are of.
    pub(super) count: usize,
    time_axis: Option<(TimeAxis, Message)>,
    frame_rate_hz: Option<f64>,
    /// What is to be told: of which file first, and of how many.
    notices: Vec<(Message, String, usize)>,
}

impl FeatureFiles {
    /// Adds the features of the file at `path`, called `name`.
    ///
    /// # Errors
    /// They do not go with those before, or cannot be used.
    pub(super) fn push(
        &mut self,
        spec: &OpenSpec,
        path: &Path,
        name: &str,
        mut raw: RawFeatures,
    ) -> Result<(), JobError> {
        for notice in std::mem::take(&mut raw.notices) {
            match self.notices.iter_mut().find(|(told, ..)| *told == notice) {
                Some((_, _, count)) => *count += 1,
                None => self.notices.push((notice, path.display().to_string(), 1)),
            }
        }
        let axis = spec.data.time_axis.unwrap_or(raw.time_axis);
        self.time_axis.get_or_insert_with(|| match spec.data.time_axis {
            Some(chosen) => (chosen, msg!("axis-chosen")),
            None => (raw.time_axis, raw.guess_reason.clone()),
        });
        self.frame_rate_hz = self.frame_rate_hz.or(raw.frame_rate_hz);
        self.count += 1;
        let clips = if raw.clips.is_empty() { None } else { Some(raw.clips.clone()) };
        self.corpus.push(name, raw.with_axis(axis), clips, spec.data.drop_nonfinite)
    }

    /// The corpus. What is to be known of its files is told.
    ///
    /// # Errors
    /// It cannot be used, or the task was cancelled.
    pub(super) fn finish(
        self,
        spec: &OpenSpec,
        ctx: &JobCtx<'_>,
        task: &Task<'_>,
    ) -> Result<Dataset, JobError> {
        let dropped = self.corpus.dropped();
        if dropped > 0 {
            (ctx.emit)(JobEvent::Notice(msg!("job-frames-left-out", n = dropped)));
        }
        for (notice, path, files) in self.notices {
            (ctx.emit)(JobEvent::Notice(if files > 1 {
                msg!("about-files", words = notice, path = path, n = files - 1)
            } else {
                msg!("about-file", words = notice, path = path)
            }));
        }
        let rate = spec.data.frame_rate_hz.or(self.frame_rate_hz);
        let title = spec.source.paths().join(", ");
        let set = self.corpus.finish(rate, &title, task)?;
        let summary = if set.matrix.is_mapped() {
            msg!("corpus-of-features-on-disk", n = self.count)
        } else {
            msg!("corpus-of-features", n = self.count)
        };
        Ok(Dataset {
            source: spec.source.clone(),
            set: Arc::new(set),
            audio: Vec::new(),
            time_axis: self.time_axis,
            summary,
        })
    }
}
