//! Names of files that are made of labels.

/// Most letters of a name, so that endings and numbers have room in what file systems take.
const MOST_LETTERS: usize = 120;

/// A label in letters that every system takes: `gpt-sovits, threshold 1.5` becomes `gpt-sovits-threshold-1.5`.
pub(super) fn plain(label: &str) -> String {
    let letter = |c: char| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' };
    let words: String = label.chars().map(letter).collect();
    let words: Vec<&str> = words.split('-').filter(|word| !word.is_empty()).collect();
    // All of it is ASCII by now.
    words.join("-").chars().take(MOST_LETTERS).collect()
}

/// A name for each label, no two alike even where case does not count.
pub(super) fn distinct(labels: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut taken = std::collections::HashSet::new();
    let mut named = |label: String| {
        let name = plain(&label);
        let numbered = (2..).map(|nth: usize| format!("{name}-{nth}"));
        let free =
            std::iter::once(name.clone()).chain(numbered).find(|name| taken.insert(name.to_lowercase()));
        free.unwrap_or(name)
    };
    labels.into_iter().map(&mut named).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain_and_distinct() {
        assert_eq!(plain("gpt-sovits, threshold 1.5"), "gpt-sovits-threshold-1.5");
        assert_eq!(plain("a/../b: c"), "a-..-b-c");
        assert_eq!(distinct(["a b", "A-b", "c", "a b"].map(str::to_owned)), ["a-b", "A-b-2", "c", "a-b-3"]);
        assert_eq!(plain(&"x".repeat(500)).len(), MOST_LETTERS);
    }
}
