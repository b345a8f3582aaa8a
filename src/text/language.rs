//! The languages, which of them the system has, and which one a thread speaks.

use std::cell::Cell;

/// The environment variable that says which language the user has, where it is not the system's: `en` or `zh`.
pub const LANGUAGE_VAR: &str = "RVQSCOPE_LANG";

/// A language that the catalogue is complete in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Language {
    /// English.
    English,
    /// Simplified Chinese.
    Chinese,
}

thread_local! {
    static SPOKEN: Cell<Language> = const { Cell::new(Language::English) };
}

/// From here on this thread's texts are in `language`.
pub fn speak(language: Language) {
    SPOKEN.set(language);
}

/// The language of this thread: English unless [`speak`] was called.
#[must_use]
pub fn spoken() -> Language {
    SPOKEN.get()
}

impl Language {
    /// All, in the order in which they are offered.
    pub const ALL: [Self; 2] = [Self::English, Self::Chinese];

    /// Its tag in the sense of BCP 47, which settings and arguments have.
    #[must_use]
    pub fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Chinese => "zh-Hans", // not a text
        }
    }

    /// Its name, in itself.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::English => "English", // not a text: the same in every language
            Self::Chinese => "简体中文",
        }
    }

    /// The one for the readers of a system's locale: `zh_CN.UTF-8`, `zh-Hans`, `en-GB`. Every Chinese is the one that there is.
    #[must_use]
    pub fn of_tag(tag: &str) -> Option<Self> {
        let first = tag.split(['-', '_', '.', '@']).next()?;
        match first.to_ascii_lowercase().as_str() {
            "en" => Some(Self::English),
            "zh" => Some(Self::Chinese),
            _ => None,
        }
    }

    /// The first of the system's languages that there is; English where it has none of them.
    #[must_use]
    pub fn of_system() -> Self {
        sys_locale::get_locales().find_map(|tag| Self::of_tag(&tag)).unwrap_or(Self::English)
    }

    /// The one that [`LANGUAGE_VAR`] names; [that of the system](Self::of_system) where it names none that there is.
    #[must_use]
    pub fn of_user() -> Self {
        Self::of_variable(std::env::var(LANGUAGE_VAR).ok().as_deref())
    }

    fn of_variable(value: Option<&str>) -> Self {
        value.and_then(Self::of_tag).unwrap_or_else(Self::of_system)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locales_lead_to_languages() {
        for tag in ["zh_CN.UTF-8", "zh-Hans", "zh", "ZH-tw"] {
            assert_eq!(Language::of_tag(tag), Some(Language::Chinese), "{tag}");
        }
        for tag in ["en", "en_US.UTF-8", "en-GB"] {
            assert_eq!(Language::of_tag(tag), Some(Language::English), "{tag}");
        }
        for tag in ["C", "POSIX", "de_DE", "", "zhuang"] {
            assert_eq!(Language::of_tag(tag), None, "{tag}");
        }
        for language in Language::ALL {
            assert_eq!(Language::of_tag(language.tag()), Some(language));
        }
    }

    #[test]
    fn the_variable_goes_before_the_system() {
        assert_eq!(Language::of_variable(Some("zh")), Language::Chinese);
        assert_eq!(Language::of_variable(Some("en_US.UTF-8")), Language::English);
        for nothing in [None, Some(""), Some("klingon")] {
            assert_eq!(Language::of_variable(nothing), Language::of_system(), "{nothing:?}");
        }
    }

    #[test]
    fn a_thread_speaks_for_itself() {
        speak(Language::Chinese);
        let other = std::thread::spawn(spoken).join().unwrap();
        assert_eq!((spoken(), other), (Language::Chinese, Language::English));
    }
}
