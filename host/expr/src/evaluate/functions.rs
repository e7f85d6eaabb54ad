//! The built-in functions (`Sdk/Functions`); `format` has a file of its own.
//!
//! Arguments are evaluated when they are needed and not before: of `case` only the branch taken, of `contains`
//! on an object only the object.

use super::{Computed, Evaluator, Stop};
use crate::coerce;
use crate::error::EvalError;
use crate::json;
use crate::memory::text_bytes;
use crate::syntax::Function;
use crate::text::{contains_ignore_case, ends_with_ignore_case, starts_with_ignore_case};
use crate::tree::NodeId;
use crate::value::Value;

impl Evaluator<'_> {
    pub(super) fn call(
        &mut self,
        id: NodeId,
        function: Function,
        arguments: &[NodeId],
        level: usize,
    ) -> Result<Computed, Stop> {
        let below = level + 1;
        match (function, arguments) {
            (Function::Case, _) => self.case(arguments, below).map(Computed::plain),
            (Function::Contains, &[search, item]) => self.contains(search, item, below),
            (Function::StartsWith, &[text, prefix]) => {
                self.test(text, prefix, below, starts_with_ignore_case)
            }
            (Function::EndsWith, &[text, suffix]) => self.test(text, suffix, below, ends_with_ignore_case),
            (Function::Format, &[text, ref values @ ..]) => self.format(id, text, values, below),
            (Function::FromJson, &[text]) => self.read_json(text, below),
            (Function::ToJson, &[value]) => self.write_json(id, value, below),
            (Function::Join, &[items, ref separator @ ..]) => {
                self.join(id, items, separator.first().copied(), below)
            }
            // The parser has checked the number of arguments of the others.
            _ => self.host_call(self.tree.name(id), arguments, below),
        }
    }

    /// Pairs of a condition and a value, then the value when no condition holds.
    fn case(&mut self, arguments: &[NodeId], level: usize) -> Result<Value, Stop> {
        let mut rest = arguments;
        while let [predicate, value, others @ ..] = rest {
            match self.node(*predicate, level)? {
                Value::Bool(true) => return self.node(*value, level),
                Value::Bool(false) => rest = others,
                _ => return Err(EvalError::CasePredicate.into()),
            }
        }
        rest.first().map_or(Ok(Value::Null), |otherwise| self.node(*otherwise, level))
    }

    fn contains(&mut self, search: NodeId, item: NodeId, level: usize) -> Result<Computed, Stop> {
        let found = match self.node(search, level)? {
            Value::Array(array) if !array.is_empty() => {
                let item = self.node(item, level)?;
                array.iter().any(|candidate| coerce::equal(&item, candidate))
            }
            Value::Array(_) | Value::Object(_) => false,
            text => {
                let item = self.node(item, level)?;
                item.is_primitive() && contains_ignore_case(&coerce::to_text(&text), &coerce::to_text(&item))
            }
        };
        Ok(Computed::plain(Value::Bool(found)))
    }

    fn test(
        &mut self,
        text: NodeId,
        part: NodeId,
        level: usize,
        holds: fn(&str, &str) -> bool,
    ) -> Result<Computed, Stop> {
        let text = self.node(text, level)?;
        let found = text.is_primitive() && {
            let part = self.node(part, level)?;
            part.is_primitive() && holds(&coerce::to_text(&text), &coerce::to_text(&part))
        };
        Ok(Computed::plain(Value::Bool(found)))
    }

    fn read_json(&mut self, text: NodeId, level: usize) -> Result<Computed, Stop> {
        let text = self.text(text, level)?;
        let value = if self.settings.strict_json {
            json::parse_strict(&text).map_err(|error| EvalError::StrictJson(error.to_string()))
        } else {
            json::parse(&text).map_err(EvalError::Json)
        };
        Ok(Computed::data(value?))
    }

    fn write_json(&mut self, id: NodeId, value: NodeId, level: usize) -> Result<Computed, Stop> {
        let value = self.node(value, level)?;
        let mut counter = self.counter();
        let json = json::try_to_json(&value, |length| counter.add(text_bytes(length)));
        let json = json.map_err(|exceeded| self.exceeded(exceeded, id))?;
        Ok(Computed::plain(json.into()))
    }

    fn join(
        &mut self,
        id: NodeId,
        items: NodeId,
        separator: Option<NodeId>,
        level: usize,
    ) -> Result<Computed, Stop> {
        let items = match self.node(items, level)? {
            Value::Array(items) => items,
            Value::Object(_) => return Ok(Computed::plain("".into())),
            primitive => return Ok(Computed::plain(coerce::to_shared_text(&primitive).into())),
        };
        let separator = match separator.filter(|_| items.len() > 1) {
            Some(separator) => Some(self.node(separator, level)?).filter(Value::is_primitive),
            None => None,
        };
        let separator = separator.as_ref().map_or(",".into(), coerce::to_text);
        let mut counter = self.counter();
        let mut joined = String::new();
        for (at, item) in items.iter().enumerate() {
            let item = coerce::to_text(item);
            let mut parts = [&*separator, &*item].into_iter().skip(usize::from(at == 0));
            parts
                .try_for_each(|part| counter.add_text(part))
                .map_err(|exceeded| self.exceeded(exceeded, id))?;
            if at > 0 {
                joined.push_str(&separator);
            }
            joined.push_str(&item);
        }
        Ok(Computed::plain(joined.into()))
    }
}
