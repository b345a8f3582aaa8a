//! Writing a report.

use std::path::PathBuf;
use std::sync::Arc;

use crate::report::{self, Report};
use crate::training::{History, Run, SourceInfo};

use super::{Dataset, JobError, OpenedCodes};

/// A report to be written.
#[derive(Debug, Clone)]
pub struct ReportSpec {
    /// What it tells of.
    pub of: ReportOf,
    /// The folder, which is made where it is not there.
    pub dir: PathBuf,
}

/// What a report tells of.
#[derive(Debug, Clone)]
pub enum ReportOf {
    /// A quantizer and its figures, with every step's scalars, and its data where they are in memory.
    Run(Arc<Run>, Arc<History>, Option<Arc<Dataset>>),
    /// Codes without their quantizer.
    Codes(Arc<OpenedCodes>),
}

/// Writes `report.html`, `metrics.json`, the figures by layer as tables, and CSV and SVG of every plot, and gives the folder.
///
/// # Errors
/// The folder cannot be made, or a file cannot be written.
pub fn write_report(spec: &ReportSpec) -> Result<PathBuf, JobError> {
    let ReportSpec { of, dir } = spec;
    let report = match of {
        ReportOf::Run(run, history, dataset) => {
            let frames = dataset.as_ref().map(|dataset| dataset.set.matrix.view());
            Report::on_frames(run, history, frames, Vec::new())
        }
        ReportOf::Codes(codes) => report_of_codes(codes),
    };
    report::write(dir, &report)?;
    Ok(dir.clone())
}

/// The report of codes: usage, with null wherever codebooks or frames are needed.
#[must_use]
pub fn report_of_codes(codes: &OpenedCodes) -> Report {
    let source = SourceInfo {
        paths: codes.source.paths(),
        frames: codes.tokens.values.ncols(),
        frame_rate_hz: codes.tokens.frame_rate_hz,
        ..SourceInfo::default()
    };
    Report::of_codes(codes.source.title(), source, &codes.evaluation, codes.findings())
}
