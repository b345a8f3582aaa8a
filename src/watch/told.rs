//! What was told already: each thing is said once, however many files it is true of.

use std::collections::BTreeSet;

/// Names that are remembered; what comes beyond them is not told.
const MAX_TOLD: usize = 4096;

/// What was told.
#[derive(Debug, Default)]
pub(super) struct Told(BTreeSet<String>);

impl Told {
    /// Whether something of this kind was not told yet; it is from now on.
    pub(super) fn is_new(&mut self, kind: impl Into<String>) -> bool {
        self.0.len() < MAX_TOLD && self.0.insert(kind.into())
    }

    /// The same of a file, whose name stands for all names that differ from it in their numbers alone.
    pub(super) fn is_new_file(&mut self, name: &str) -> bool {
        let kind: String = name.chars().filter(|c| !c.is_ascii_digit()).collect();
        self.is_new(format!("file {kind}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_differ_in_numbers_are_one_kind() {
        let mut told = Told::default();
        let names = ["D_100.pth", "D_2000.pth", "E_100.pth", "D_7.pth"];
        assert_eq!(names.map(|name| told.is_new_file(name)), [true, false, true, false]);
        assert!(told.is_new("D_.pth") && !told.is_new("D_.pth"));
        let more = (0..2 * MAX_TOLD).filter(|n| told.is_new(n.to_string())).count();
        assert!(more < MAX_TOLD);
    }
}
