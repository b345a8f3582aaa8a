//! The state of a workspace: a JSON value in an envelope that says its format and closes with a checksum of the text.

use std::io::Read;
use std::path::Path;

use serde_json::Value;

use super::error::{Fault, StoreError, VERSION};
use crate::io::{Source, replace_file};
use crate::text::msg;

/// The key that tells a state from other files, and its format.
const VERSION_KEY: &str = "rvqscope.workspace";

/// What stands between the envelope and the state. The checksum is of the text behind it, so nothing hangs on how numbers are printed.
const SEAM: &str = "\n\"state\": "; // not a text
const END: &str = "}\n";

/// The longest state that is read.
const MAX_BYTES: u64 = 32 << 20;

/// Against states of very many very short parts, which take many times their length in memory.
const MAX_COMMAS: usize = 1 << 20;

/// Writes `state` to `path`, whole or not at all.
///
/// # Errors
/// It is larger than what is read back, or the system refuses; what was there before is as it was.
pub(super) fn write(path: &Path, state: &Value) -> Result<(), StoreError> {
    let text = state.to_string();
    let crc = crc32fast::hash(text.as_bytes());
    let text = format!("{{\"{VERSION_KEY}\": {VERSION}, \"crc32\": {crc},{SEAM}{text}{END}"); // not a text
    if text.len() as u64 > MAX_BYTES || commas(text.as_bytes()) > MAX_COMMAS {
        let words = msg!("err-workspace-too-large", bytes = text.len());
        return Err(Fault::Unfit(words).at(path));
    }
    replace_file(path, |out| out.write_all(text.as_bytes())).map_err(StoreError::File)
}

/// Reads the state that [`write`] wrote to `path`; `None` where there is none.
///
/// # Errors
/// It is of a newer format, damaged, or the system refuses.
pub(super) fn read(path: &Path) -> Result<Option<Value>, StoreError> {
    match std::fs::symlink_metadata(path) {
        Err(err) if err.kind() == std::io::ErrorKind::NotFound => Ok(None),
        _ => parse(path).map(Some).map_err(|fault| fault.at(path)),
    }
}

fn parse(path: &Path) -> Result<Value, Fault> {
    let source = Source::open(path)?;
    if source.len > MAX_BYTES {
        return Err(Fault::Broken(msg!("err-workspace-long")));
    }
    let mut bytes = Vec::new();
    (&source.file).take(MAX_BYTES).read_to_end(&mut bytes)?;
    if commas(&bytes) > MAX_COMMAS {
        return Err(Fault::Broken(msg!("err-workspace-parts")));
    }
    let damaged = || Fault::Broken(msg!("err-workspace-damaged"));
    let text = String::from_utf8(bytes).map_err(|_| damaged())?;
    let mut envelope: Value = serde_json::from_str(&text).map_err(|_| damaged())?;
    match envelope.get(VERSION_KEY).and_then(Value::as_u64) {
        None | Some(0) => return Err(Fault::Broken(msg!("err-not-workspace"))),
        Some(newer) if newer > VERSION => return Err(Fault::Newer(newer)),
        Some(_) => {}
    }
    let inside = text.split_once(SEAM).and_then(|(_, rest)| rest.strip_suffix(END)).ok_or_else(damaged)?;
    let wanted = envelope.get("crc32").and_then(Value::as_u64);
    if wanted != Some(u64::from(crc32fast::hash(inside.as_bytes()))) {
        return Err(Fault::damaged(msg!("err-checksum")));
    }
    envelope.get_mut("state").map(Value::take).ok_or_else(damaged)
}

fn commas(text: &[u8]) -> usize {
    text.iter().filter(|&&byte| byte == b',').count()
}
