//! Decoders that are not ours: should one panic, that is an error of its file and nothing else.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Once;

use super::Problem;
use crate::text::msg;

thread_local! {
    /// Whether such a decoder is at work on this thread.
    static AT_WORK: Cell<bool> = const { Cell::new(false) };
}

/// Runs `work`, in which a library decodes what comes from outside. A panic in there is told once, as an error.
///
/// # Errors
/// Those of the work; or it panicked.
pub(super) fn guarded<T>(work: impl FnOnce() -> Result<T, Problem>) -> Result<T, Problem> {
    static QUIET: Once = Once::new();
    // Otherwise the panic's own words would come before the error's.
    QUIET.call_once(|| {
        let told = take_hook();
        set_hook(Box::new(move |info| {
            if !AT_WORK.get() {
                told(info);
            }
        }));
    });
    let outer = AT_WORK.replace(true);
    let done = catch_unwind(AssertUnwindSafe(work));
    AT_WORK.set(outer);
    done.unwrap_or_else(|panic| {
        let words = panic.downcast_ref::<String>().map(String::as_str);
        let words = words.or_else(|| panic.downcast_ref::<&str>().copied());
        let line = |words: &str| -> String {
            words.chars().map(|c| if c.is_control() { ' ' } else { c }).take(200).collect()
        };
        Err(Problem::Malformed(match words.map(line) {
            Some(words) => msg!("file-decoder-failed", words = words),
            None => msg!("file-decoder-failed.without-reason"),
        }))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[allow(clippy::panic, reason = "what a decoder does on damaged bytes")]
    fn a_panic_is_an_error_in_one_line() {
        let failed = guarded::<()>(|| panic!("index\n{} out of range", 7)).map_err(|err| err.to_string());
        let words = failed.err().unwrap_or_default();
        assert!(words.contains("most likely damaged (index 7 out of range)"), "{words}");
        assert!(guarded(|| Ok(1)).is_ok_and(|one| one == 1) && !AT_WORK.get());
    }
}
