//! The pages of a column, unpacked by codecs in Rust and within what a file may unpack to. The library's own reader makes room for as much as a page
//! says of itself.

use ::parquet::basic::{Encoding, Type};
use ::parquet::column::page::{Page, PageMetadata, PageReader};
use ::parquet::errors::{ParquetError, Result as ParquetResult};
use bytes::Bytes;

use super::thrift::{Compact, FALSE, I32, STRUCT, TRUE};
use crate::io::Problem;
use crate::io::table::{Budget, Codec, unpack};
use crate::text::{Message, msg};

/// What a number costs while it is read, with its two levels.
const NUMBER_COST: u64 = 12;

/// Pages of a column chunk.
pub(super) struct Pages {
    chunk: Bytes,
    at: usize,
    codec: Codec,
    physical: Type,
    budget: Budget,
    /// Whether the page before was a dictionary.
    has_dictionary: bool,
}

/// What stands in front of a page.
#[derive(Debug, Default)]
struct Header {
    kind: i64,
    unpacked: i64,
    packed: i64,
    /// Of whichever header of its kind follows, the numbers by their ids.
    numbers: [i64; 9],
    is_packed: Option<bool>,
    len: usize,
}

impl Pages {
    pub(super) fn new(chunk: Bytes, codec: Codec, physical: Type, budget: Budget) -> Self {
        Self { chunk, at: 0, codec, physical, budget, has_dictionary: false }
    }

    fn next_page(&mut self) -> Result<Option<Page>, Problem> {
        loop {
            let rest = self.chunk.get(self.at..).unwrap_or_default();
            if rest.is_empty() {
                return Ok(None);
            }
            let header = Header::read(rest)?;
            let size = |size: i64| {
                usize::try_from(size).map_err(|_| wrong(msg!("table-parquet-page-negative-size")))
            };
            let (packed, unpacked) = (size(header.packed)?, size(header.unpacked)?);
            let start = self.at + header.len;
            let end = start.checked_add(packed).filter(|&end| end <= self.chunk.len());
            let end = end.ok_or_else(|| wrong(msg!("table-parquet-page-beyond-column")))?;
            self.at = end;
            let page = self.chunk.slice(start..end);
            match header.kind {
                0 => return self.data(&header, &page, unpacked).map(Some),
                2 => return self.dictionary(&header, &page, unpacked).map(Some),
                3 => return self.data_v2(&header, page, unpacked).map(Some),
                // An index, which nothing here needs.
                _ => {}
            }
        }
    }

    fn data(&mut self, header: &Header, page: &Bytes, unpacked: usize) -> Result<Page, Problem> {
        let [_, num_values, encoding, def, rep, ..] = header.numbers;
        let num_values = self.charged(num_values)?;
        let levels = |encoding: i64| match encoding {
            3 => Ok(Encoding::RLE),
            _ => Err(wrong(msg!("table-parquet-page-lists-encoding"))),
        };
        Ok(Page::DataPage {
            buf: unpack(self.codec, page, unpacked, &self.budget)?.into(),
            num_values,
            encoding: self.encoding(encoding)?,
            def_level_encoding: levels(def)?,
            rep_level_encoding: levels(rep)?,
            statistics: None,
        })
    }

    fn data_v2(&mut self, header: &Header, page: Bytes, unpacked: usize) -> Result<Page, Problem> {
        let [_, num_values, num_nulls, num_rows, encoding, def_len, rep_len, ..] = header.numbers;
        let num_values = self.charged(num_values)?;
        let level =
            |len: i64| u32::try_from(len).map_err(|_| wrong(msg!("table-parquet-page-negative-levels")));
        let (def_len, rep_len) = (level(def_len)?, level(rep_len)?);
        // Levels are not packed.
        let levels = def_len as usize + rep_len as usize;
        if levels > page.len() || levels > unpacked {
            return Err(wrong(msg!("table-parquet-page-levels-beyond")));
        }
        let is_packed = header.is_packed.unwrap_or(true) && self.codec != Codec::None;
        let buf = if is_packed {
            let mut buf = page.slice(..levels).to_vec();
            // No number at all takes no bytes, packed or not.
            if unpacked > levels {
                buf.extend(unpack(self.codec, &page.slice(levels..), unpacked - levels, &self.budget)?);
            }
            buf.into()
        } else {
            page
        };
        let count = |number: i64| {
            u32::try_from(number).map_err(|_| wrong(msg!("table-parquet-page-negative-number")))
        };
        Ok(Page::DataPageV2 {
            buf,
            num_values,
            encoding: self.encoding(encoding)?,
            num_nulls: count(num_nulls)?,
            num_rows: count(num_rows)?,
            def_levels_byte_len: def_len,
            rep_levels_byte_len: rep_len,
            is_compressed: is_packed,
            statistics: None,
        })
    }

    fn dictionary(&mut self, header: &Header, page: &Bytes, unpacked: usize) -> Result<Page, Problem> {
        let [_, num_values, encoding, ..] = header.numbers;
        if !matches!(encoding, 0 | 2) {
            return Err(wrong(msg!("table-parquet-page-dictionary-encoding")));
        }
        let buf: Bytes = unpack(self.codec, page, unpacked, &self.budget)?.into();
        // Room is made for as many as are told of: each takes so many bytes at least.
        let least = match self.physical {
            Type::INT64 | Type::DOUBLE => 8,
            Type::FIXED_LEN_BYTE_ARRAY => 2,
            _ => 4,
        };
        let num_values = self.charged(num_values)?;
        if num_values as usize > buf.len() / least {
            return Err(wrong(msg!("table-parquet-page-dictionary-short")));
        }
        self.has_dictionary = true;
        Ok(Page::DictionaryPage { buf, num_values, encoding: Encoding::PLAIN, is_sorted: false })
    }

    /// A number of numbers, whose room is taken off the budget.
    fn charged(&self, number: i64) -> Result<u32, Problem> {
        let count = u32::try_from(number).map_err(|_| wrong(msg!("table-parquet-page-negative-number")))?;
        self.budget.take(u64::from(count) * NUMBER_COST)?;
        Ok(count)
    }

    /// The encodings whose cost is in proportion to their bytes or to the count of their numbers.
    fn encoding(&self, encoding: i64) -> Result<Encoding, Problem> {
        let is_text = self.physical == Type::BYTE_ARRAY;
        match encoding {
            0 => Ok(Encoding::PLAIN),
            2 | 8 if self.has_dictionary => Ok(Encoding::RLE_DICTIONARY),
            2 | 8 => Err(wrong(msg!("table-parquet-page-no-dictionary"))),
            5 if matches!(self.physical, Type::INT32 | Type::INT64) => Ok(Encoding::DELTA_BINARY_PACKED),
            9 if !is_text => Ok(Encoding::BYTE_STREAM_SPLIT),
            _ => Err(Problem::Unsupported(msg!(
                "table-parquet-encoding",
                encoding = encoding,
                command = super::ANOTHER_WAY
            ))),
        }
    }
}

impl Header {
    fn read(bytes: &[u8]) -> Result<Self, Problem> {
        let mut compact = Compact::new(bytes);
        let mut header = Self::default();
        let mut last = 0;
        while let Some((id, kind)) = compact.field(&mut last)? {
            match (id, kind) {
                (1, I32) => header.kind = compact.number()?,
                (2, I32) => header.unpacked = compact.number()?,
                (3, I32) => header.packed = compact.number()?,
                (5 | 7 | 8, STRUCT) => header.read_numbers(&mut compact)?,
                _ => compact.skip(kind)?,
            }
        }
        header.len = compact.at;
        Ok(header)
    }

    fn read_numbers(&mut self, compact: &mut Compact<'_>) -> Result<(), Problem> {
        let mut last = 0;
        while let Some((id, kind)) = compact.field(&mut last)? {
            let place = usize::try_from(id).ok().and_then(|id| self.numbers.get_mut(id));
            match (place, kind) {
                (Some(place), I32) => *place = compact.number()?,
                (_, TRUE | FALSE) if id == 7 => self.is_packed = Some(kind == TRUE),
                _ => compact.skip(kind)?,
            }
        }
        Ok(())
    }
}

impl Iterator for Pages {
    type Item = ParquetResult<Page>;

    fn next(&mut self) -> Option<Self::Item> {
        self.get_next_page().transpose()
    }
}

impl PageReader for Pages {
    fn get_next_page(&mut self) -> ParquetResult<Option<Page>> {
        self.next_page().map_err(|problem| ParquetError::External(Box::new(problem)))
    }

    fn peek_next_page(&mut self) -> ParquetResult<Option<PageMetadata>> {
        Err(ParquetError::NYI("pages are read in order".to_owned())) // not a text
    }

    fn skip_next_page(&mut self) -> ParquetResult<()> {
        self.get_next_page().map(drop)
    }

    // A row may go on in the next page; where it does not, that begins with a row of its own.
    fn at_record_boundary(&mut self) -> ParquetResult<bool> {
        Ok(self.at >= self.chunk.len())
    }
}

fn wrong(why: Message) -> Problem {
    Problem::malformed(msg!("table-parquet-page-damaged", why = why))
}
