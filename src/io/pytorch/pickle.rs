//! Reads a pickle, protocols 0 to 5, as data: nothing that it names is looked up, nothing is called.
//!
//! Time goes by the bytes of the pickle and memory by the heap's budget, whatever the pickle says.

use super::super::Problem;
use super::value::{Heap, Node, VALUE_COST, Value};
use super::{arrays, rebuild};
use crate::task::Stage;
use crate::text::{Message, msg};

mod input;

use input::Input;

/// Why a pickle could not be read.
#[derive(Debug)]
pub(super) enum Stop {
    /// The bytes end before the pickle does.
    Ended,
    /// It is broken, or not one of a checkpoint.
    Problem(Problem),
}

impl<T: Into<Problem>> From<T> for Stop {
    fn from(problem: T) -> Self {
        Self::Problem(problem.into())
    }
}

/// Instructions between two looks at the task; none takes longer than its share of the pickle.
const STEPS_A_LOOK: u32 = 1 << 14;

/// Reads the pickle that `bytes` begin with; what it builds, and its length.
///
/// # Errors
/// It is broken, longer than `bytes`, builds more than `heap` allows, or the task was cancelled.
pub(super) fn read<'a>(
    bytes: &'a [u8],
    heap: &mut Heap<'a>,
    stage: Stage<'_>,
) -> Result<(Value<'a>, usize), Stop> {
    let mut machine = Machine {
        input: Input(bytes),
        heap,
        stack: Vec::new(),
        marks: Vec::new(),
        memo: Vec::new(),
        deepest: 0,
    };
    loop {
        let done = bytes.len() - machine.input.len();
        stage.reach(done as u64, bytes.len() as u64)?;
        for _ in 0..STEPS_A_LOOK {
            let [opcode] = machine.input.array()?;
            if opcode == b'.' {
                return Ok((machine.pop()?, bytes.len() - machine.input.len()));
            }
            machine.step(opcode)?;
        }
    }
}

struct Machine<'a, 'h> {
    input: Input<'a>,
    heap: &'h mut Heap<'a>,
    stack: Vec<Value<'a>>,
    /// Heights of the stack.
    marks: Vec<usize>,
    memo: Vec<Option<Value<'a>>>,
    /// The largest height of the stack, which is what was paid for.
    deepest: usize,
}

/// What is put on at the end may take up to twice its own size.
const GROWING: u64 = 2;

/// References are numbered one after the other; optimizers leave some out.
const MAX_GAP: usize = 1 << 12;

impl<'a> Machine<'a, '_> {
    fn step(&mut self, opcode: u8) -> Result<(), Stop> {
        match opcode {
            // Protocol, frame.
            0x80 => drop(self.input.array::<1>()?),
            0x95 => drop(self.input.array::<8>()?),
            b'(' => {
                self.heap.charge(GROWING * size_of::<usize>() as u64)?;
                self.marks.push(self.stack.len());
            }
            b'0' => drop(self.pop()?),
            b'1' => drop(self.pop_mark()?),
            b'2' => {
                let top = self.top()?;
                self.push(top)?;
            }
            b'N' => self.push(Value::None)?,
            0x88 => self.push(Value::Bool(true))?,
            0x89 => self.push(Value::Bool(false))?,
            b'K' | b'M' | b'J' | 0x8a | 0x8b | b'I' | b'L' | b'F' | b'G' => self.number(opcode)?,
            b'S' | b'V' | b'U' | b'T' | b'X' | 0x8c | 0x8d | b'C' | b'B' | 0x8e | 0x96 => {
                self.text(opcode)?;
            }
            b')' | b't' | 0x85..=0x87 | b']' | b'l' | b'a' | b'e' => self.sequence(opcode)?,
            b'}' | b'd' | b's' | b'u' | 0x8f | 0x90 | 0x91 => self.collection(opcode)?,
            b'q' | b'r' | b'p' | 0x94 | b'h' | b'j' | b'g' => self.memo(opcode)?,
            b'c' | 0x93 | b'R' | 0x81 | 0x92 | b'i' | b'o' | b'b' | b'P' | b'Q' => self.object(opcode)?,
            _ => return Err(broken(msg!("tensor-pickle-opcode", opcode = format!("{opcode:#04x}")))),
        }
        Ok(())
    }

    fn number(&mut self, opcode: u8) -> Result<(), Stop> {
        let value = match opcode {
            b'K' => Value::Int(i64::from(self.input.array::<1>()?[0])),
            b'M' => Value::Int(i64::from(u16::from_le_bytes(self.input.array()?))),
            b'J' => Value::Int(i64::from(i32::from_le_bytes(self.input.array()?))),
            b'G' => Value::Float(f64::from_be_bytes(self.input.array()?)),
            0x8a => {
                let len = self.input.len1()?;
                return self.long(len);
            }
            0x8b => {
                let len = self.input.len4()?;
                return self.long(len);
            }
            b'F' => self.input.line_of(|text| text.parse().ok().map(Value::Float))?,
            _ => self.input.line_of(|text| match text.trim_end_matches('L') {
                "00" => Some(Value::Bool(false)),
                "01" => Some(Value::Bool(true)),
                number => number.parse().ok().map(Value::Int),
            })?,
        };
        self.push(value)
    }

    /// A whole number of any length; those beyond 64 bits are nothing that a checkpoint counts.
    fn long(&mut self, len: usize) -> Result<(), Stop> {
        let digits = self.input.take(len)?;
        let sign = if digits.last().is_some_and(|high| high & 0x80 != 0) { 0xff } else { 0 };
        let mut wide = [sign; 8];
        if digits.iter().skip(8).any(|&byte| byte != sign) {
            return self.push_node(Node::Opaque);
        }
        for (to, from) in wide.iter_mut().zip(digits) {
            *to = *from;
        }
        let number = i64::from_le_bytes(wide);
        // The ninth byte may be there to hold the sign alone.
        if (number < 0) != (sign != 0) {
            return self.push_node(Node::Opaque);
        }
        self.push(Value::Int(number))
    }

    fn text(&mut self, opcode: u8) -> Result<(), Stop> {
        let len = match opcode {
            b'S' => {
                let quoted = self.input.line()?.trim_ascii();
                let text = quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default();
                return self.push(Value::Text(text));
            }
            b'V' => {
                let text = self.input.line()?;
                return self.push(Value::Text(text));
            }
            b'U' | 0x8c | b'C' => self.input.len1()?,
            b'T' | b'X' | b'B' => self.input.len4()?,
            _ => usize::try_from(u64::from_le_bytes(self.input.array()?)).map_err(|_| Stop::Ended)?,
        };
        let text = self.input.take(len)?;
        if matches!(opcode, b'C' | b'B' | 0x8e | 0x96) {
            return self.push(Value::Bytes(text));
        }
        self.push(Value::Text(text))
    }

    fn sequence(&mut self, opcode: u8) -> Result<(), Stop> {
        match opcode {
            b')' => self.push_node(Node::Tuple(Vec::new())),
            b']' => self.push_node(Node::List(Vec::new())),
            b't' => {
                let values = self.pop_mark()?;
                self.push_node(Node::Tuple(values))
            }
            b'l' => {
                let values = self.pop_mark()?;
                self.push_node(Node::List(values))
            }
            b'a' => {
                let value = self.pop()?;
                self.append(vec![value])
            }
            b'e' => {
                let values = self.pop_mark()?;
                self.append(values)
            }
            short => {
                let count = usize::from(short - 0x84);
                let at = self.stack.len().checked_sub(count).filter(|at| *at >= self.floor());
                let values = self.stack.split_off(at.ok_or_else(too_few)?);
                self.push_node(Node::Tuple(values))
            }
        }
    }

    fn append(&mut self, values: Vec<Value<'a>>) -> Result<(), Stop> {
        self.heap.charge(GROWING * VALUE_COST * values.len() as u64)?;
        let target = self.top()?;
        match self.heap.node_mut(target) {
            Some(Node::List(list)) => list.extend(values),
            Some(Node::Object(object)) => object.elements.extend(values),
            Some(Node::Opaque) => {}
            _ => return Err(broken(msg!("tensor-pickle-item"))),
        }
        Ok(())
    }

    fn collection(&mut self, opcode: u8) -> Result<(), Stop> {
        match opcode {
            b'}' => self.push_node(Node::Dict(Vec::new())),
            b'd' => {
                let values = self.pop_mark()?;
                let pairs = pairs(&values)?;
                self.push_node(Node::Dict(pairs))
            }
            b's' => {
                let (value, key) = (self.pop()?, self.pop()?);
                self.insert(vec![(key, value)])
            }
            b'u' => {
                let values = self.pop_mark()?;
                self.insert(pairs(&values)?)
            }
            0x90 => self.pop_mark().map(drop),
            // A set, or a frozen one of what lies above the mark.
            0x8f => self.push_node(Node::Opaque),
            _ => {
                self.pop_mark()?;
                self.push_node(Node::Opaque)
            }
        }
    }

    fn insert(&mut self, pairs: Vec<(Value<'a>, Value<'a>)>) -> Result<(), Stop> {
        self.heap.charge(GROWING * 2 * VALUE_COST * pairs.len() as u64)?;
        let target = self.top()?;
        match self.heap.node_mut(target) {
            Some(Node::Dict(dict)) => dict.extend(pairs),
            Some(Node::Object(object)) => object.items.extend(pairs),
            Some(Node::Opaque) => {}
            _ => return Err(broken(msg!("tensor-pickle-entry"))),
        }
        Ok(())
    }

    fn memo(&mut self, opcode: u8) -> Result<(), Stop> {
        let index = match opcode {
            b'q' | b'h' => u32::from(self.input.array::<1>()?[0]),
            b'r' | b'j' => u32::from_le_bytes(self.input.array()?),
            0x94 => u32::try_from(self.memo.len()).unwrap_or(u32::MAX),
            _ => self.input.line_of(|text| text.parse().ok())?,
        } as usize;
        if matches!(opcode, b'h' | b'j' | b'g') {
            let value = self.memo.get(index).copied().flatten();
            return self.push(value.ok_or_else(|| broken(msg!("tensor-pickle-reference")))?);
        }
        let top = self.top()?;
        let new = (index + 1).saturating_sub(self.memo.len());
        if new > MAX_GAP {
            return Err(broken(msg!("tensor-pickle-order")));
        }
        self.heap.charge(GROWING * VALUE_COST * new as u64)?;
        self.memo.resize(self.memo.len() + new, None);
        if let Some(place) = self.memo.get_mut(index) {
            *place = Some(top);
        }
        Ok(())
    }

    fn object(&mut self, opcode: u8) -> Result<(), Stop> {
        let value = match opcode {
            b'c' => {
                let (module, name) = (self.input.line()?, self.input.line()?);
                self.heap.put(Node::Global(module, name))?
            }
            0x93 => match (self.pop()?, self.pop()?) {
                (Value::Text(name), Value::Text(module)) => self.heap.put(Node::Global(module, name))?,
                _ => return Err(broken(msg!("tensor-pickle-class"))),
            },
            b'R' => {
                let (args, function) = (self.pop()?, self.pop()?);
                rebuild::call(self.heap, function, args)?
            }
            0x81 => {
                let (_args, class) = (self.pop()?, self.pop()?);
                rebuild::instance(self.heap, class)?
            }
            0x92 => {
                let (_named, _args, class) = (self.pop()?, self.pop()?, self.pop()?);
                rebuild::instance(self.heap, class)?
            }
            b'i' => {
                let (module, name) = (self.input.line()?, self.input.line()?);
                self.pop_mark()?;
                let class = self.heap.put(Node::Global(module, name))?;
                rebuild::instance(self.heap, class)?
            }
            b'o' => {
                let class = self.pop_mark()?.first().copied().ok_or_else(too_few)?;
                rebuild::instance(self.heap, class)?
            }
            b'b' => {
                let state = self.pop()?;
                let target = self.top()?;
                if arrays::set_state(self.heap, target, state) {
                    return self.array_behind(target);
                }
                // A dictionary's attributes are PyTorch's notes on versions, a tensor's are its user's.
                if let Some(Node::Object(object)) = self.heap.node_mut(target) {
                    object.state = Some(state);
                }
                return Ok(());
            }
            b'P' => {
                self.input.line()?;
                self.heap.put(Node::Opaque)?
            }
            _ => {
                let id = self.pop()?;
                rebuild::persistent(self.heap, id)?
            }
        };
        self.push(value)
    }

    /// Takes in the numbers that joblib writes behind an array, in the middle of the pickle.
    fn array_behind(&mut self, target: Value<'a>) -> Result<(), Stop> {
        let Some((len, is_lined_up)) = arrays::bytes_behind(self.heap, target)? else { return Ok(()) };
        if is_lined_up {
            let padding = self.input.len1()?;
            self.input.take(padding)?;
        }
        let bytes = self.input.take(len)?;
        arrays::put_behind(self.heap, target, bytes);
        Ok(())
    }

    fn push(&mut self, value: Value<'a>) -> Result<(), Stop> {
        if self.stack.len() >= self.deepest {
            self.heap.charge(GROWING * VALUE_COST)?;
            self.deepest += 1;
        }
        self.stack.push(value);
        Ok(())
    }

    fn push_node(&mut self, node: Node<'a>) -> Result<(), Stop> {
        let value = self.heap.put(node)?;
        self.push(value)
    }

    /// The height below which an instruction that takes single values may not reach.
    fn floor(&self) -> usize {
        self.marks.last().copied().unwrap_or(0)
    }

    fn pop(&mut self) -> Result<Value<'a>, Stop> {
        if self.stack.len() <= self.floor() {
            return Err(too_few());
        }
        self.stack.pop().ok_or_else(too_few)
    }

    fn top(&self) -> Result<Value<'a>, Stop> {
        self.stack.last().copied().ok_or_else(too_few)
    }

    fn pop_mark(&mut self) -> Result<Vec<Value<'a>>, Stop> {
        let mark = self.marks.pop().filter(|mark| *mark <= self.stack.len());
        Ok(self.stack.split_off(mark.ok_or_else(too_few)?))
    }
}

fn pairs<'a>(values: &[Value<'a>]) -> Result<Vec<(Value<'a>, Value<'a>)>, Stop> {
    let (pairs, rest) = values.as_chunks::<2>();
    if !rest.is_empty() {
        return Err(broken(msg!("tensor-pickle-key")));
    }
    Ok(pairs.iter().map(|&[key, value]| (key, value)).collect())
}

fn too_few() -> Stop {
    broken(msg!("tensor-pickle-lacks"))
}

fn broken(what: Message) -> Stop {
    Stop::Problem(Problem::malformed(msg!("tensor-pickle-broken", what = what)))
}
