//! The columns of an Arrow file: their types, and how many buffers each takes of a batch.

use super::flat::Flat;
use crate::io::Problem;
use crate::io::held::NAME_FIELDS;
use crate::text::msg;

/// Columns, with all that they are made of.
const MAX_FIELDS: usize = 1 << 14;

/// Columns inside one another.
const MAX_DEPTH: usize = 32;

/// What the paths of all columns may take, in bytes. A header has a name once, and as many columns below it, or of that name, as it likes.
const MAX_PATHS: usize = 8 << 20;

/// A column.
#[derive(Debug, Clone)]
pub(super) struct Field {
    pub(super) kind: Kind,
    pub(super) children: Vec<Field>,
    /// Its place among the columns that have values of their own; those without have none, nor those in a column that is passed over.
    pub(super) leaf: Option<usize>,
}

/// A column with values of its own.
#[derive(Debug, Clone)]
pub(super) struct Leaf {
    /// Its path, without what lists put into it.
    pub(super) name: String,
    /// Lists that it lies in.
    pub(super) depth: usize,
    pub(super) kind: Kind,
}

/// What a column is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Whole {
        bytes: usize,
        signed: bool,
    },
    Real {
        bytes: usize,
    },
    /// Text with offsets of so many bytes.
    Text {
        offset: usize,
    },
    /// Text in views.
    View,
    /// Lists with offsets of so many bytes.
    List {
        offset: usize,
    },
    /// Lists of one length.
    Fixed {
        size: usize,
    },
    Struct,
    /// What is passed over: so many buffers.
    Other {
        buffers: usize,
    },
    /// As `Other`, in views: one buffer more for each that the batch counts.
    OtherView,
}

/// The columns of a schema.
pub(super) fn fields(schema: Flat<'_>, version: i16) -> Result<(Vec<Field>, Vec<Leaf>), Problem> {
    const FIELDS: usize = 1;
    if schema.i16(0) != 0 {
        return Err(Problem::Unsupported(msg!("table-arrow-big-endian")));
    }
    let mut walk = Walk { leaves: Vec::new(), count: 0, paths: 0, passed_over: false, version };
    let list = schema.list(FIELDS);
    let fields = (0..list.map_or(0, |list| list.len)).map(|nth| {
        let field = list.and_then(|list| list.table(nth)).ok_or_else(damaged)?;
        walk.field(field, "", 0, 0)
    });
    let fields = fields.collect::<Result<_, Problem>>()?;
    Ok((fields, walk.leaves))
}

struct Walk {
    leaves: Vec<Leaf>,
    count: usize,
    /// Bytes of the paths up to here.
    paths: usize,
    /// Whether this lies in a column that is passed over, with all that is in it.
    passed_over: bool,
    version: i16,
}

impl Walk {
    fn field(&mut self, field: Flat<'_>, path: &str, depth: usize, level: usize) -> Result<Field, Problem> {
        const CHILDREN: usize = 5;
        const DICTIONARY: usize = 4;
        self.count += 1;
        if self.count > MAX_FIELDS || level > MAX_DEPTH {
            return Err(Problem::malformed(msg!("table-arrow-too-many-columns")));
        }
        let kind = match field.table(DICTIONARY) {
            // In a batch stand indices into a dictionary.
            Some(_) => Kind::Other { buffers: 2 },
            None => kind(&field, self.version)?,
        };
        let name = match (path, field.text(0).unwrap_or_default()) {
            ("", name) => name,
            (path, name) => format!("{path}.{name}"),
        };
        self.paths = self.paths.saturating_add(name.len());
        if self.paths > MAX_PATHS {
            return Err(Problem::malformed(msg!("table-arrow-long-names")));
        }
        let children = if field.table(DICTIONARY).is_some() { None } else { field.list(CHILDREN) };
        let is_list = matches!(kind, Kind::List { .. } | Kind::Fixed { .. });
        // What a list calls its elements says nothing.
        let inner = if is_list { None } else { Some(name.clone()) };
        let mut own = Field { kind, children: Vec::new(), leaf: None };
        let outer = self.passed_over;
        self.passed_over |= matches!(kind, Kind::Other { .. } | Kind::OtherView);
        for nth in 0..children.map_or(0, |children| children.len) {
            let child = children.and_then(|children| children.table(nth)).ok_or_else(damaged)?;
            own.children.push(match &inner {
                Some(path) => self.field(child, path, depth, level + 1)?,
                None => self.element(child, &name, depth + 1, level + 1)?,
            });
        }
        self.passed_over = outer;
        let is_sound = match kind {
            Kind::List { .. } | Kind::Fixed { .. } => own.children.len() == 1,
            Kind::Whole { .. } | Kind::Real { .. } | Kind::Text { .. } | Kind::View => {
                own.children.is_empty()
            }
            _ => true,
        };
        if !is_sound {
            return Err(damaged());
        }
        let has_values =
            matches!(kind, Kind::Whole { .. } | Kind::Real { .. } | Kind::Text { .. } | Kind::View);
        if has_values && !self.passed_over {
            own.leaf = Some(self.leaves.len());
            self.leaves.push(Leaf { name, depth, kind });
        }
        Ok(own)
    }

    /// The element of a list, which goes by the list's name.
    fn element(&mut self, field: Flat<'_>, name: &str, depth: usize, level: usize) -> Result<Field, Problem> {
        let from = self.leaves.len();
        let element = self.field(field, name, depth, level)?;
        let own = field.text(0).unwrap_or_default();
        let prefix = format!("{name}.{own}");
        for leaf in self.leaves.iter_mut().skip(from) {
            if let Some(rest) = leaf.name.strip_prefix(&prefix) {
                leaf.name = format!("{name}{rest}");
            }
        }
        Ok(element)
    }
}

/// The type of a field.
fn kind(field: &Flat<'_>, version: i16) -> Result<Kind, Problem> {
    /// The version before unions lost their validity.
    const V4: i16 = 3;
    let of = field.table(3);
    let whole = |field: usize| of.map_or(0, |of| of.i32(field));
    Ok(match field.u8(2) {
        // Nothing, and runs.
        1 | 22 => Kind::Other { buffers: 0 },
        2 => match whole(0) {
            bits @ (8 | 16 | 32 | 64) => {
                Kind::Whole { bytes: bits as usize / 8, signed: of.is_some_and(|of| of.u8(1) != 0) }
            }
            _ => return Err(damaged()),
        },
        3 => match of.map_or(0, |of| of.i16(0)) {
            0 => Kind::Real { bytes: 2 },
            1 => Kind::Real { bytes: 4 },
            2 => Kind::Real { bytes: 8 },
            _ => return Err(damaged()),
        },
        5 => Kind::Text { offset: 4 },
        20 => Kind::Text { offset: 8 },
        4 | 19 => Kind::Other { buffers: 3 },
        6..=11 | 15 | 18 => Kind::Other { buffers: 2 },
        12 => Kind::List { offset: 4 },
        21 => Kind::List { offset: 8 },
        // Maps are lists of pairs, of which nothing is wanted.
        17 => Kind::Other { buffers: 2 },
        13 => Kind::Struct,
        14 if version <= V4 => {
            return Err(Problem::Unsupported(msg!("table-arrow-old-union")));
        }
        14 => Kind::Other { buffers: if of.is_some_and(|of| of.i16(0) == 1) { 2 } else { 1 } },
        16 => match usize::try_from(whole(0)) {
            Ok(size) if size > 0 => Kind::Fixed { size },
            _ => Kind::Other { buffers: 1 },
        },
        23 => Kind::OtherView,
        24 => Kind::View,
        25 | 26 => Kind::Other { buffers: 3 },
        other => {
            return Err(Problem::Unsupported(msg!("table-arrow-unknown-type", kind = other)));
        }
    })
}

impl Leaf {
    /// Whether it is text that may name the rows.
    pub(super) fn is_name(&self) -> bool {
        let field = self.name.rsplit('.').next().unwrap_or(&self.name);
        matches!(self.kind, Kind::Text { .. } | Kind::View) && self.depth == 0 && NAME_FIELDS.contains(&field)
    }

    /// Whether it is numbers.
    pub(super) fn is_number(&self) -> bool {
        matches!(self.kind, Kind::Whole { .. } | Kind::Real { .. })
    }
}

pub(super) fn damaged() -> Problem {
    Problem::malformed(msg!("table-arrow-header-damaged"))
}
