//! Joining the features of many files, in memory while they are few and in a file of our own when they are many.

use std::fs::File;
use std::io::{BufWriter, Write};

use ndarray::ArrayView2;

use crate::features::{Clip, FeatureError, FeatureMatrix, FeatureSet};
use crate::io::RawValues;
use crate::mapped::MappedRows;
use crate::task::Task;
use crate::text::{Message, Phrase, msg};

use super::JobError;

/// Values that are kept in memory, in bytes; what goes beyond is spooled to a temporary file, which is mapped.
const MEMORY_BYTES: usize = 512 << 20;

/// A corpus that grows clip by clip.
#[derive(Debug, Default)]
pub(super) struct CorpusBuilder {
    clips: Vec<Clip>,
    dim: usize,
    frames: usize,
    values: Values,
    dropped: usize,
}

#[derive(Debug)]
enum Values {
    /// Row by row.
    Memory(Vec<f32>),
    /// One file's own map, until a second one comes.
    Mapped(MappedRows),
    /// Row by row, in a file that has no name any more.
    Spooled(BufWriter<File>),
}

impl Default for Values {
    fn default() -> Self {
        Self::Memory(Vec::new())
    }
}

impl CorpusBuilder {
    /// Adds the frames of a file, `(num_frames, dim)`, of one clip or of several. One mapped file alone is not copied.
    ///
    /// # Errors
    /// There is no frame, its dimension is another, or some are not finite and are not to be left out.
    pub(super) fn push(
        &mut self,
        name: &str,
        values: RawValues,
        clips: Option<Vec<(String, usize)>>,
        drop_nonfinite: bool,
    ) -> Result<(), JobError> {
        let view = values.view();
        let (frames, dim) = view.dim();
        let problem = |problem| JobError::Features { problem, path: name.to_owned() };
        if frames == 0 || dim == 0 {
            return Err(problem(FeatureError::Empty { frames, dim }));
        }
        if self.frames > 0 && dim != self.dim {
            return Err(problem(FeatureError::Dim {
                name: Message::verbatim(name),
                dim,
                expected: self.dim,
            }));
        }
        self.dim = dim;
        let clips = clips.unwrap_or_else(|| vec![(name.to_owned(), frames)]);
        // Mapped files are checked once, at the end, unless something is to be done about it.
        let is_mapped = matches!(values, RawValues::Mapped(_));
        let bad = if is_mapped && !drop_nonfinite { Vec::new() } else { nonfinite(view) };
        if !bad.is_empty() {
            if !drop_nonfinite {
                return Err(not_finite(&bad, frames, name));
            }
            return self.push_finite(name, view, &clips, &bad);
        }
        for (name, len) in clips {
            self.clips.push(Clip { name, frames: self.frames..self.frames + len });
            self.frames += len;
        }
        let first = matches!(&self.values, Values::Memory(values) if values.is_empty());
        match values {
            RawValues::Mapped(mapped) if first => {
                self.values = Values::Mapped(mapped);
                Ok(())
            }
            values => self.append(values.view()),
        }
    }

    /// Adds the frames that are finite: all but the `bad` ones, which are in order.
    fn push_finite(
        &mut self,
        name: &str,
        view: ArrayView2<'_, f32>,
        clips: &[(String, usize)],
        bad: &[usize],
    ) -> Result<(), JobError> {
        if bad.len() == view.nrows() {
            return Err(JobError::Input(msg!("job-no-frame-is-finite", name = name)));
        }
        let mut start = 0;
        for (name, len) in clips {
            let end = start + len;
            let from = bad.partition_point(|&frame| frame < start);
            let to = bad.partition_point(|&frame| frame < end);
            let kept = len - (to - from);
            if kept > 0 {
                self.clips.push(Clip { name: name.clone(), frames: self.frames..self.frames + kept });
                self.frames += kept;
            }
            let mut next = start;
            for &frame in bad.get(from..to).unwrap_or_default() {
                self.append(view.slice(ndarray::s![next..frame, ..]))?;
                next = frame + 1;
            }
            self.append(view.slice(ndarray::s![next..end, ..]))?;
            start = end;
        }
        self.dropped += bad.len();
        Ok(())
    }

    /// Frames that were left out.
    pub(super) fn dropped(&self) -> usize {
        self.dropped
    }

    fn append(&mut self, rows: ArrayView2<'_, f32>) -> Result<(), JobError> {
        if let Values::Mapped(mapped) = &self.values {
            let mapped = mapped.clone();
            self.values = Values::default();
            self.append(mapped.view())?;
        }
        if let Values::Memory(values) = &mut self.values {
            if (values.len() + rows.len()) * size_of::<f32>() <= MEMORY_BYTES {
                values.extend(rows.iter());
                return Ok(());
            }
            let mut file = BufWriter::with_capacity(1 << 20, tempfile::tempfile().map_err(spool_error)?);
            for value in values.iter() {
                file.write_all(&value.to_ne_bytes()).map_err(spool_error)?;
            }
            self.values = Values::Spooled(file);
        }
        if let Values::Spooled(file) = &mut self.values {
            for value in rows {
                file.write_all(&value.to_ne_bytes()).map_err(spool_error)?;
            }
        }
        Ok(())
    }

    /// The corpus, all of it checked to be finite.
    pub(super) fn finish(
        self,
        frame_rate_hz: Option<f64>,
        title: &str,
        task: &Task<'_>,
    ) -> Result<FeatureSet, JobError> {
        let Self { clips, dim, frames, values, .. } = self;
        let problem = |problem| match problem {
            FeatureError::Cancelled(cancelled) => JobError::Cancelled(cancelled),
            problem => JobError::Features { problem, path: title.to_owned() },
        };
        let mapped = match values {
            Values::Memory(values) => {
                let values = ndarray::Array2::from_shape_vec((frames, dim), values)
                    .map_err(|_| problem(FeatureError::Empty { frames, dim }))?;
                let matrix = FeatureMatrix::new(values).map_err(problem)?;
                return Ok(FeatureSet { matrix, clips, frame_rate_hz, extract: None });
            }
            Values::Mapped(mapped) => mapped,
            Values::Spooled(file) => {
                let file = file.into_inner().map_err(|err| spool_error(err.into_error()))?;
                MappedRows::open(&file, 0, frames, dim).map_err(spool_error)?
            }
        };
        let matrix = match FeatureMatrix::from_mapped(mapped.clone(), task) {
            Err(FeatureError::NotFinite { .. }) => {
                let view = mapped.view();
                return Err(not_finite(&nonfinite(view), view.nrows(), title));
            }
            matrix => matrix.map_err(problem)?,
        };
        Ok(FeatureSet { matrix, clips, frame_rate_hz, extract: None })
    }
}

/// The frames that hold a number which is not finite, in order.
fn nonfinite(view: ArrayView2<'_, f32>) -> Vec<usize> {
    let rows = view.rows().into_iter().enumerate();
    rows.filter(|(_, row)| row.iter().any(|v| !v.is_finite())).map(|(frame, _)| frame).collect()
}

/// Refuses frames that are not finite, and names them.
fn not_finite(bad: &[usize], frames: usize, name: &str) -> JobError {
    const SHOWN: usize = 6;
    let mut runs: Vec<(usize, usize)> = Vec::new();
    for &frame in bad {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == frame => *last = frame,
            _ => runs.push((frame, frame)),
        }
    }
    let shown = runs.iter().take(SHOWN).map(|(first, last)| match last - first {
        0 => Message::verbatim(first.to_string()),
        _ => msg!("frames-range", first = *first, last = *last),
    });
    let listed = |before: Message, next: Message| msg!("frames-list", before = before, next = next);
    let shown = shown.reduce(listed).unwrap_or(Phrase::NONE.into());
    let n = bad.len();
    JobError::Input(if runs.len() > SHOWN {
        msg!("job-many-not-finite", n = n, frames = frames, shown = shown, name = name)
    } else {
        msg!("job-not-finite", n = n, frames = frames, shown = shown, name = name)
    })
}

fn spool_error(err: std::io::Error) -> JobError {
    let folder = std::env::temp_dir();
    let folder = folder.display().to_string();
    JobError::Input(msg!("job-no-temporary-file", problem = err.to_string(), folder = folder))
}
