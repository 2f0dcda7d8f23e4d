//! JSON differences of PARTIAL_UPDATE_ROWS events (`binlog_row_value_options=PARTIAL_JSON`), applied to the document
//! of the before image. A difference that does not fit its document is an error: the result would be a guess.

use std::borrow::Cow;

use super::print::{check_depth, print_document, print_scalar, print_string};
use super::value::{Budget, Container, Value, document};
use crate::cursor::Cursor;
use crate::error::Malformed;

const REPLACE: u8 = 0;
const INSERT: u8 = 1;
const REMOVE: u8 = 2;

/// The stored differences of one column.
#[derive(Clone, Copy, Debug)]
pub struct JsonDiffs<'a>(&'a [u8]);

/// A document that is being changed.
#[derive(Debug)]
enum Node<'a> {
    Object(Vec<(Cow<'a, str>, Node<'a>)>),
    Array(Vec<Node<'a>>),
    Scalar(Value<'a>),
}

/// One step of a path.
#[derive(Debug, PartialEq)]
enum Leg<'a> {
    Member(Cow<'a, str>),
    Index(usize),
}

impl<'a> JsonDiffs<'a> {
    /// The bytes of the cell.
    pub fn new(data: &'a [u8]) -> Self {
        Self(data)
    }

    /// Appends the text of the changed document.
    pub fn apply(self, base: &[u8], out: &mut String) -> Result<(), Malformed> {
        if self.0.is_empty() {
            return print_document(base, out);
        }
        let mut root = parse(base)?;
        let mut cursor = Cursor::new(self.0);
        while !cursor.is_empty() {
            let operation = cursor.u8()?;
            let path = std::str::from_utf8(cursor.lenenc_bytes()?).map_err(|_| misfit("its path is not utf-8"))?;
            let mut legs = legs(path)?;
            if operation == REPLACE {
                *find(&mut root, &legs)? = parse(cursor.lenenc_bytes()?)?;
                continue;
            }
            let last = legs.pop().ok_or_else(|| misfit("its path is the whole document"))?;
            let parent = find(&mut root, &legs)?;
            match operation {
                INSERT => insert(parent, last, parse(cursor.lenenc_bytes()?)?)?,
                REMOVE => remove(parent, &last)?,
                _ => return Err(Malformed::invalid(format!("unknown JSON difference {operation}"))),
            }
        }
        print(&root, 1, out)
    }
}

fn parse(data: &[u8]) -> Result<Node<'_>, Malformed> {
    let mut budget = Budget::new(data.len());
    let value = document(data, &mut budget)?;
    tree(value, 1, &mut budget)
}

fn tree<'a>(value: Value<'a>, depth: usize, budget: &mut Budget) -> Result<Node<'a>, Malformed> {
    let members = |container: Container<'a>, budget: &mut Budget| {
        check_depth(depth)?;
        // `with_capacity` is safe: the entries of all members are in the document.
        let mut nodes = Vec::with_capacity(container.len());
        for index in 0..container.len() {
            nodes.push(tree(container.member(index, budget)?, depth + 1, budget)?);
        }
        Ok::<_, Malformed>(nodes)
    };
    Ok(match value {
        Value::Array(container) => Node::Array(members(container, budget)?),
        Value::Object(container) => {
            let mut named = Vec::with_capacity(container.len());
            for (index, node) in members(container, budget)?.into_iter().enumerate() {
                named.push((Cow::Borrowed(container.key(index, budget)?), node));
            }
            Node::Object(named)
        }
        scalar => Node::Scalar(scalar),
    })
}

fn find<'n, 'a>(node: &'n mut Node<'a>, path: &[Leg<'_>]) -> Result<&'n mut Node<'a>, Malformed> {
    path.iter().try_fold(node, |node, leg| {
        match (node, leg) {
            (Node::Object(members), Leg::Member(name)) => {
                members.iter_mut().find(|(known, _)| known == name).map(|(_, node)| node)
            }
            (Node::Array(items), Leg::Index(index)) => items.get_mut(*index),
            _ => None,
        }
        .ok_or_else(|| misfit("there is nothing at its path"))
    })
}

fn insert<'a>(parent: &mut Node<'a>, place: Leg<'_>, value: Node<'a>) -> Result<(), Malformed> {
    match (parent, place) {
        (Node::Object(members), Leg::Member(name)) => {
            // MySQL orders members by length, then by bytes.
            let order = |known: &str| (known.len(), known.as_bytes()).cmp(&(name.len(), name.as_bytes()));
            match members.binary_search_by(|(known, _)| order(known)) {
                Ok(_) => return Err(misfit("the member exists")),
                Err(index) => members.insert(index, (Cow::Owned(name.into_owned()), value)),
            }
        }
        (Node::Array(items), Leg::Index(index)) => items.insert(index.min(items.len()), value),
        _ => return Err(misfit("there is nothing at its path")),
    }
    Ok(())
}

fn remove(parent: &mut Node<'_>, place: &Leg<'_>) -> Result<(), Malformed> {
    match (parent, place) {
        (Node::Object(members), Leg::Member(name)) => {
            if let Some(index) = members.iter().position(|(known, _)| known == name) {
                members.remove(index);
                return Ok(());
            }
        }
        (Node::Array(items), Leg::Index(index)) if *index < items.len() => {
            items.remove(*index);
            return Ok(());
        }
        _ => {}
    }
    Err(misfit("there is nothing at its path"))
}

fn print(node: &Node<'_>, depth: usize, out: &mut String) -> Result<(), Malformed> {
    if !matches!(node, Node::Scalar(_)) {
        check_depth(depth)?;
    }
    match node {
        Node::Scalar(value) => print_scalar(*value, out)?,
        Node::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push_str(", ");
                }
                print(item, depth + 1, out)?;
            }
            out.push(']');
        }
        Node::Object(members) => {
            out.push('{');
            for (index, (name, member)) in members.iter().enumerate() {
                if index > 0 {
                    out.push_str(", ");
                }
                print_string(name, out);
                out.push_str(": ");
                print(member, depth + 1, out)?;
            }
            out.push('}');
        }
    }
    Ok(())
}

/// `$.name."other name"[3]` as the server writes it.
fn legs(path: &str) -> Result<Vec<Leg<'_>>, Malformed> {
    let bad = || misfit("its path is no path");
    let mut rest = path.strip_prefix('$').ok_or_else(bad)?;
    let mut legs = Vec::new();
    while !rest.is_empty() {
        if let Some(tail) = rest.strip_prefix('[') {
            let (index, tail) = tail.split_once(']').ok_or_else(bad)?;
            legs.push(Leg::Index(index.trim().parse().map_err(|_| bad())?));
            rest = tail;
        } else if let Some(tail) = rest.strip_prefix(".\"") {
            let (name, tail) = quoted(tail).ok_or_else(bad)?;
            legs.push(Leg::Member(name));
            rest = tail;
        } else if let Some(tail) = rest.strip_prefix('.') {
            let (name, tail) = tail.split_at(tail.find(['.', '[']).unwrap_or(tail.len()));
            legs.push(Leg::Member(Cow::Borrowed(name)));
            rest = tail;
        } else {
            return Err(bad());
        }
    }
    Ok(legs)
}

/// A member name behind its opening quote, and what follows the closing one.
fn quoted(text: &str) -> Option<(Cow<'_, str>, &str)> {
    let plain = text.find(['"', '\\'])?;
    if text.as_bytes().get(plain) == Some(&b'"') {
        return Some((Cow::Borrowed(text.get(..plain)?), text.get(plain + 1..)?));
    }
    let mut name = String::new();
    let mut chars = text.chars();
    loop {
        match chars.next()? {
            '"' => return Some((Cow::Owned(name), chars.as_str())),
            '\\' => match chars.next()? {
                'b' => name.push('\u{8}'),
                'f' => name.push('\u{c}'),
                'n' => name.push('\n'),
                'r' => name.push('\r'),
                't' => name.push('\t'),
                'u' => {
                    let code = u32::from_str_radix(chars.as_str().get(..4)?, 16).ok()?;
                    chars = chars.as_str().get(4..)?.chars();
                    name.push(char::from_u32(code)?);
                }
                same => name.push(same),
            },
            same => name.push(same),
        }
    }
}

#[cold]
fn misfit(why: &str) -> Malformed {
    Malformed::invalid(format!("a JSON difference does not fit its document: {why}"))
}
