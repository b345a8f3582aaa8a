//! A batch of rows: one buffer after the other, as the columns take them.

use std::borrow::Cow;

use half::f16;

use super::flat::{Flat, FlatList};
use super::schema::{Field, Kind, damaged};
use crate::io::Problem;
use crate::io::held::Number;
use crate::io::table::{Budget, Codec, Lists, unpack};
use crate::text::msg;

/// Characters of a text that can name a clip.
const MAX_TEXT: usize = 400;

/// What the rows of a column come to.
#[derive(Debug)]
pub(super) enum Sink {
    Numbers(Lists),
    Texts(Vec<Option<String>>),
    /// Not wanted.
    Nothing,
}

/// A batch, and how far its buffers are taken.
pub(super) struct Batch<'a> {
    body: &'a [u8],
    nodes: FlatList<'a>,
    buffers: FlatList<'a>,
    views: Option<FlatList<'a>>,
    codec: Codec,
    budget: &'a Budget,
    node: usize,
    buffer: usize,
    view: usize,
    /// Bytes of the body that no buffer was taken of.
    left: usize,
}

/// The values of a column in a batch: their length is that of their buffers at most.
struct Array<'a> {
    len: usize,
    validity: Cow<'a, [u8]>,
    data: Data<'a>,
}

enum Data<'a> {
    Numbers {
        kind: Kind,
        bytes: Cow<'a, [u8]>,
        leaf: usize,
    },
    Texts {
        texts: Vec<Option<String>>,
        leaf: usize,
    },
    Lists {
        offsets: Vec<usize>,
        element: Box<Array<'a>>,
    },
    Fixed {
        size: usize,
        element: Box<Array<'a>>,
    },
    Struct(Vec<Array<'a>>),
    /// Nothing that is wanted.
    Nothing,
}

impl<'a> Batch<'a> {
    /// A batch of `record`, with its `body`.
    pub(super) fn new(record: Flat<'a>, body: &'a [u8], budget: &'a Budget) -> Result<Self, Problem> {
        let codec = match record.table(3) {
            None => Codec::None,
            Some(compression) => match compression.u8(0) {
                0 => Codec::Lz4Frame,
                1 => Codec::Zstd,
                other => {
                    return Err(Problem::Unsupported(msg!("table-arrow-compressed", way = other)));
                }
            },
        };
        let (nodes, buffers) = record.list(1).zip(record.list(2)).ok_or_else(damaged)?;
        let (views, left) = (record.list(4), body.len());
        Ok(Self { body, nodes, buffers, views, codec, budget, node: 0, buffer: 0, view: 0, left })
    }

    /// Adds its rows to the sinks of the columns.
    pub(super) fn read(mut self, rows: usize, fields: &[Field], sinks: &mut [Sink]) -> Result<(), Problem> {
        for field in fields {
            let array = self.array(field, sinks)?;
            array.emit(&[(0, rows)], &mut Vec::new(), sinks, self.budget)?;
        }
        Ok(())
    }

    /// The next column.
    fn array(&mut self, field: &Field, sinks: &[Sink]) -> Result<Array<'a>, Problem> {
        let len =
            self.nodes.i64(2 * self.node).and_then(|len| usize::try_from(len).ok()).ok_or_else(damaged)?;
        self.node += 1;
        if self.node > self.nodes.len {
            return Err(damaged());
        }
        let is_wanted = |leaf: usize| !matches!(sinks.get(leaf), None | Some(Sink::Nothing));
        let mut array = Array { len, validity: Cow::Borrowed(&[]), data: Data::Nothing };
        match (field.kind, field.leaf.filter(|&leaf| is_wanted(leaf))) {
            (kind @ (Kind::Whole { bytes: size, .. } | Kind::Real { bytes: size }), Some(leaf)) => {
                array.validity = self.validity(len)?;
                let bytes = self.next()?;
                check(len.checked_mul(size), bytes.len())?;
                array.data = Data::Numbers { kind, bytes, leaf };
            }
            (Kind::Text { offset }, Some(leaf)) => {
                array.validity = self.validity(len)?;
                let offsets = self.offsets(len, offset)?;
                let bytes = self.next()?;
                let texts = offsets.windows(2).map(|pair| match *pair {
                    [from, to] => text(bytes.get(from..to)),
                    _ => None,
                });
                array.data = Data::Texts { texts: texts.collect(), leaf };
            }
            (Kind::View, Some(leaf)) => {
                array.validity = self.validity(len)?;
                let views = self.next()?;
                check(len.checked_mul(16), views.len())?;
                let parts: Vec<Cow<'a, [u8]>> =
                    (0..self.view_count()?).map(|_| self.next()).collect::<Result<_, _>>()?;
                let texts = views.chunks_exact(16).take(len).map(|view| self::view(view, &parts)).collect();
                array.data = Data::Texts { texts, leaf };
            }
            (Kind::List { offset }, _) if wants(field, sinks) => {
                array.validity = self.validity(len)?;
                let offsets = self.offsets(len, offset)?;
                let element = Box::new(self.element(field, sinks)?);
                check(offsets.last().copied(), element.len)?;
                array.data = Data::Lists { offsets, element };
            }
            (Kind::Fixed { size }, _) if wants(field, sinks) => {
                array.validity = self.validity(len)?;
                let element = Box::new(self.element(field, sinks)?);
                check(len.checked_mul(size), element.len)?;
                array.data = Data::Fixed { size, element };
            }
            (Kind::Struct, _) if wants(field, sinks) => {
                array.validity = self.validity(len)?;
                let children: Vec<Array<'a>> =
                    field.children.iter().map(|child| self.array(child, sinks)).collect::<Result<_, _>>()?;
                for child in children.iter().filter(|child| !matches!(child.data, Data::Nothing)) {
                    check(Some(len), child.len)?;
                }
                array.data = Data::Struct(children);
            }
            (kind, _) => {
                self.buffer += match kind {
                    Kind::Whole { .. } | Kind::Real { .. } | Kind::List { .. } => 2,
                    Kind::Text { .. } => 3,
                    Kind::Fixed { .. } | Kind::Struct => 1,
                    Kind::Other { buffers } => buffers,
                    Kind::View | Kind::OtherView => 2 + self.view_count()?,
                };
                for child in &field.children {
                    self.array(child, &[])?;
                }
            }
        }
        Ok(array)
    }

    fn element(&mut self, field: &Field, sinks: &[Sink]) -> Result<Array<'a>, Problem> {
        let [element] = &*field.children else { return Err(damaged()) };
        self.array(element, sinks)
    }

    /// How many buffers the next column of views has beside its first two.
    fn view_count(&mut self) -> Result<usize, Problem> {
        let count = self.views.filter(|views| self.view < views.len).and_then(|views| views.i64(self.view));
        self.view += 1;
        let count = count.and_then(|count| usize::try_from(count).ok());
        count.filter(|&count| count <= self.buffers.len).ok_or_else(damaged)
    }

    /// The next buffer.
    fn next(&mut self) -> Result<Cow<'a, [u8]>, Problem> {
        let nth = self.buffer;
        self.buffer += 1;
        let place =
            (nth < self.buffers.len).then(|| self.buffers.i64(2 * nth).zip(self.buffers.i64(2 * nth + 1)));
        let (start, len) = place.flatten().ok_or_else(damaged)?;
        let range = usize::try_from(start).ok().zip(usize::try_from(len).ok());
        let range = range.and_then(|(start, len)| Some(start..start.checked_add(len)?));
        let bytes = range.and_then(|range| self.body.get(range)).ok_or_else(damaged)?;
        // No byte is read twice: otherwise a small file could have very many large columns.
        self.left = self
            .left
            .checked_sub(bytes.len())
            .ok_or_else(|| Problem::malformed(msg!("table-arrow-columns-overlap")))?;
        if self.codec == Codec::None || bytes.is_empty() {
            return Ok(Cow::Borrowed(bytes));
        }
        let (size, packed) = bytes.split_first_chunk::<8>().ok_or_else(damaged)?;
        match i64::from_le_bytes(*size) {
            -1 => Ok(Cow::Borrowed(packed)),
            size => {
                let size = usize::try_from(size).map_err(|_| damaged())?;
                unpack(self.codec, packed, size, self.budget).map(Cow::Owned)
            }
        }
    }

    /// Which of `len` values are there; empty where all are.
    fn validity(&mut self, len: usize) -> Result<Cow<'a, [u8]>, Problem> {
        let bits = self.next()?;
        if !bits.is_empty() {
            check(Some(len.div_ceil(8)), bits.len())?;
        }
        Ok(bits)
    }

    /// Where each of `len` lists begins, and the last ends.
    fn offsets(&mut self, len: usize, size: usize) -> Result<Vec<usize>, Problem> {
        let bytes = self.next()?;
        // No list at all may have no offset either.
        if len == 0 {
            return Ok(vec![0]);
        }
        let count = len.checked_add(1).ok_or_else(damaged)?;
        check(count.checked_mul(size), bytes.len())?;
        let number =
            |bytes: &[u8]| bytes.iter().rev().fold(0u64, |number, &byte| number << 8 | u64::from(byte));
        let offsets = bytes
            .chunks_exact(size)
            .take(count)
            .map(|bytes| usize::try_from(number(bytes)).map_err(|_| damaged()));
        let offsets: Vec<usize> = offsets.collect::<Result<_, _>>()?;
        if offsets.is_sorted() { Ok(offsets) } else { Err(damaged()) }
    }
}

/// Whether something below a column is wanted.
fn wants(field: &Field, sinks: &[Sink]) -> bool {
    let own = field.leaf.is_some_and(|leaf| !matches!(sinks.get(leaf), None | Some(Sink::Nothing)));
    own || field.children.iter().any(|child| wants(child, sinks))
}

fn check(needed: Option<usize>, there: usize) -> Result<(), Problem> {
    match needed {
        Some(needed) if needed <= there => Ok(()),
        _ => Err(Problem::malformed(msg!("table-arrow-column-short"))),
    }
}

fn text(bytes: Option<&[u8]>) -> Option<String> {
    let bytes = bytes.filter(|bytes| bytes.len() <= MAX_TEXT)?;
    Some(String::from_utf8_lossy(bytes).into_owned())
}

/// The text of a view: itself where it is short, otherwise its place.
fn view(view: &[u8], parts: &[Cow<'_, [u8]>]) -> Option<String> {
    const INLINE: usize = 12;
    let number = |at: usize| {
        let bytes = view.get(at..at + 4)?.try_into().ok()?;
        usize::try_from(i32::from_le_bytes(bytes)).ok()
    };
    let len = number(0)?;
    if len <= INLINE {
        return text(view.get(4..4 + len));
    }
    let (part, start) = (number(8)?, number(12)?);
    text(parts.get(part)?.get(start..start.checked_add(len)?))
}

impl Array<'_> {
    fn is_valid(&self, nth: usize) -> bool {
        self.validity.is_empty() || self.validity.get(nth / 8).is_some_and(|byte| byte >> (nth % 8) & 1 == 1)
    }

    /// Adds the values of `ranges` to the sinks. `lens` are those of the lists that they lie in, outermost first.
    fn emit(
        &self,
        ranges: &[(usize, usize)],
        lens: &mut Vec<Vec<u32>>,
        sinks: &mut [Sink],
        budget: &Budget,
    ) -> Result<(), Problem> {
        if matches!(self.data, Data::Nothing) {
            return Ok(());
        }
        check(ranges.last().map(|&(_, to)| to).or(Some(0)), self.len)?;
        let places = || ranges.iter().flat_map(|&(from, to)| from..to);
        match &self.data {
            Data::Nothing => {}
            Data::Numbers { kind, bytes, leaf } => {
                let Some(Sink::Numbers(lists)) = sinks.get_mut(*leaf) else { return Err(damaged()) };
                for (all, lens) in lists.lens.iter_mut().zip(lens.iter()) {
                    // Many columns may lie in the same lists.
                    budget.take(size_of_val(&**lens) as u64)?;
                    all.extend_from_slice(lens);
                }
                for nth in places() {
                    if self.is_valid(nth) {
                        lists.push(number(*kind, bytes, nth));
                    } else {
                        lists.nulls += 1;
                    }
                }
            }
            Data::Texts { texts, leaf } => {
                let Some(Sink::Texts(all)) = sinks.get_mut(*leaf) else { return Err(damaged()) };
                all.extend(
                    places().map(|nth| texts.get(nth).cloned().flatten().filter(|_| self.is_valid(nth))),
                );
            }
            Data::Lists { offsets, element } => {
                let (mut own, mut inner) = (Vec::new(), Vec::new());
                for nth in places() {
                    let (from, to) =
                        offsets.get(nth).copied().zip(offsets.get(nth + 1).copied()).ok_or_else(damaged)?;
                    let to = if self.is_valid(nth) { to } else { from };
                    own.push(u32::try_from(to - from).map_err(|_| damaged())?);
                    join(&mut inner, from, to);
                }
                lens.push(own);
                element.emit(&inner, lens, sinks, budget)?;
                lens.pop();
            }
            Data::Fixed { size, element } => {
                let (mut own, mut inner) = (Vec::new(), Vec::new());
                for nth in places() {
                    let len = if self.is_valid(nth) { *size } else { 0 };
                    own.push(u32::try_from(len).map_err(|_| damaged())?);
                    join(&mut inner, nth * size, nth * size + len);
                }
                lens.push(own);
                element.emit(&inner, lens, sinks, budget)?;
                lens.pop();
            }
            Data::Struct(children) => {
                let missing = places().filter(|&nth| !self.is_valid(nth)).count() as u64;
                for child in children {
                    child.emit(ranges, lens, sinks, budget)?;
                    if let Data::Numbers { leaf, .. } = &child.data
                        && let Some(Sink::Numbers(lists)) = sinks.get_mut(*leaf)
                    {
                        lists.nulls += missing;
                    }
                }
            }
        }
        Ok(())
    }
}

/// Adds a range to others that lie before it.
fn join(ranges: &mut Vec<(usize, usize)>, from: usize, to: usize) {
    match ranges.last_mut() {
        Some((_, end)) if *end == from => *end = to,
        _ => ranges.push((from, to)),
    }
}

/// The number at a place, of which it is known that it is there.
fn number(kind: Kind, bytes: &[u8], nth: usize) -> Number {
    let (Kind::Whole { bytes: size, .. } | Kind::Real { bytes: size }) = kind else {
        return Number::Whole(0);
    };
    let own = bytes.get(nth * size..(nth + 1) * size).unwrap_or_default();
    let bits = own.iter().rev().fold(0u64, |number, &byte| number << 8 | u64::from(byte));
    match (kind, size) {
        (Kind::Whole { signed: true, .. }, 1..=8) => {
            let shift = 64 - 8 * size as u32;
            Number::whole((bits << shift) as i64 >> shift)
        }
        (Kind::Whole { .. }, _) => i64::try_from(bits).map_or(Number::Real(bits as f32), Number::whole),
        (_, 2) => Number::Real(f16::from_bits(bits as u16).to_f32()),
        (_, 4) => Number::Real(f32::from_bits(bits as u32)),
        _ => Number::Real(f64::from_bits(bits) as f32),
    }
}
