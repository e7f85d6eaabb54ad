//! From a strategy to combinations: reading its keys, the product of the axes, exclude, include.

use std::sync::Arc;

use act_expr::{Array, Object, Value};

use crate::id_builder::IdBuilder;

use super::filter::Filter;
use super::name;
use super::{Combination, Leg, MAX_LEGS, MatrixError, MatrixProblem, Step, Strategy};

/// Comparisons that expanding one matrix may take. GitHub bounds the memory instead; a legal matrix (256 legs left
/// by a few excludes) needs some thousands.
const MAX_WORK: usize = 20_000_000;

/// The id of the leg of a job without a matrix (`WorkflowConstants.DefaultJobName`).
const DEFAULT_ID: &str = "__default";

/// A strategy as read, its matrix still unexpanded.
pub(super) struct Settings {
    fail_fast: bool,
    max_parallel: Option<u32>,
    pub(super) matrix: Option<Matrix>,
}

/// A matrix as read: axes in the order written, and the two lists.
#[derive(Default)]
pub(super) struct Matrix {
    axes: Vec<(Arc<str>, Arc<Array>)>,
    include: Option<Arc<Array>>,
    exclude: Option<Arc<Array>>,
    errors: Vec<MatrixError>,
}

impl Default for Settings {
    fn default() -> Self {
        Self { fail_fast: true, max_parallel: None, matrix: None }
    }
}

pub(super) fn read(strategy: &Value) -> Result<Settings, Vec<MatrixError>> {
    let mut settings = Settings::default();
    for (key, value) in object(strategy, "strategy", &[])?.iter() {
        let at = [Step::Key(Arc::clone(key))];
        match (&**key, value) {
            ("fail-fast", Value::Bool(fail_fast)) => settings.fail_fast = *fail_fast,
            ("fail-fast", other) => return Err(unexpected(other, "strategy fail-fast", "BooleanToken", &at)),
            ("max-parallel", Value::Number(number)) => settings.max_parallel = positive(*number),
            ("max-parallel", other) => {
                return Err(unexpected(other, "strategy max-parallel", "NumberToken", &at));
            }
            ("matrix", matrix) => settings.matrix = Some(read_matrix(matrix)?),
            _ => {
                let problem = MatrixProblem::UnexpectedKey(Arc::clone(key));
                return Err(vec![MatrixError { is_key: true, ..MatrixError::new(at.to_vec(), problem) }]);
            }
        }
    }
    Ok(settings)
}

/// `(Int32)number`, of which only a positive one limits anything.
fn positive(number: f64) -> Option<u32> {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "truncating is what GitHub does; the range is checked"
    )]
    let whole = (number.is_finite() && number < f64::from(i32::MAX)).then_some(number as i64)?;
    u32::try_from(whole).ok().filter(|&limit| limit > 0)
}

fn read_matrix(value: &Value) -> Result<Matrix, Vec<MatrixError>> {
    let here = [Step::Key("matrix".into())];
    let mut matrix = Matrix::default();
    let mut has_axis = false;
    for (key, value) in object(value, "matrix", &here)?.iter() {
        let at = [here[0].clone(), Step::Key(Arc::clone(key))];
        match &**key {
            "include" => matrix.include = Some(array(value, "matrix includes", &at)?),
            "exclude" => matrix.exclude = Some(array(value, "matrix excludes", &at)?),
            _ => {
                has_axis = true;
                let axis = array(value, "matrix vector value", &at)?;
                if axis.is_empty() {
                    let problem = MatrixProblem::EmptyVector(Arc::clone(key));
                    matrix.errors.push(MatrixError::new(at.to_vec(), problem));
                } else {
                    matrix.axes.push((Arc::clone(key), axis));
                }
            }
        }
    }
    if !has_axis && matrix.include.as_ref().is_none_or(|include| include.is_empty()) {
        matrix.errors.push(MatrixError::new(here.to_vec(), MatrixProblem::NoVector));
    }
    Ok(matrix)
}

/// Expands a matrix; empty if everything is excluded.
pub(super) fn combinations(job: &str, matrix: &Matrix) -> Result<Vec<Combination>, Vec<MatrixError>> {
    let mut errors = matrix.errors.clone();
    // GitHub parses includes first, so their errors come first.
    let mut includes = matrix.includes(&mut errors)?;
    let excludes = matrix.excludes(&mut errors)?;
    if !errors.is_empty() {
        return Err(errors);
    }
    let too_large = |problem| vec![MatrixError::new(vec![Step::Key("matrix".into())], problem)];
    let product = matrix.product_size();
    let filters = 1 + includes.len() + excludes.len();
    let Some(product) = product.filter(|product| product.saturating_mul(filters) <= MAX_WORK) else {
        return Err(too_large(matrix.oversize(job, product)));
    };
    let mut found = Vec::new();
    let mut count = 0;
    for index in 0..product {
        let named = matrix.cell(index, product);
        if excludes.iter().any(|exclude| exclude.matches(&named)) {
            continue;
        }
        count += 1;
        let extra = extras(&mut includes, &named);
        if found.len() < MAX_LEGS {
            found.push(Combination { named, extra });
        }
    }
    for include in includes.iter().filter(|include| !include.matched) {
        count += 1;
        let pairs = include.own.iter().chain(include.extra.iter());
        let named = pairs.map(|(key, value)| (Arc::clone(key), value.clone())).collect();
        found.push(Combination { named, extra: Object::new() });
    }
    if count > MAX_LEGS {
        return Err(too_large(MatrixProblem::TooManyLegs { job: job.to_owned(), count }));
    }
    Ok(found)
}

/// What the includes that match add; a later one overwrites what an earlier one added.
fn extras(includes: &mut [Include], named: &Object) -> Object {
    let mut extra = Object::new();
    for include in includes {
        if include.filter.matches(named) {
            include.matched = true;
            extra.extend(include.extra.iter().map(|(key, value)| (Arc::clone(key), value.clone())));
        }
    }
    extra
}

/// One entry of `include`, split into what must match and what is added.
struct Include {
    filter: Filter,
    own: Object,
    extra: Object,
    matched: bool,
}

impl Matrix {
    fn has_axis(&self, name: &str) -> bool {
        self.axes.iter().any(|(axis, _)| act_expr::text::eq_ignore_case(axis, name))
    }

    fn includes(&self, errors: &mut Vec<MatrixError>) -> Result<Vec<Include>, Vec<MatrixError>> {
        let mut includes = Vec::new();
        for (index, item) in self.include.iter().flat_map(|list| list.iter()).enumerate() {
            let at = list_item("include", index);
            let item = object(item, "matrix includes item", &at)?;
            let (mut own, mut extra) = (Object::new(), Object::new());
            for (key, value) in item.iter() {
                let part = if self.has_axis(key) { &mut own } else { &mut extra };
                part.insert(Arc::clone(key), value.clone());
            }
            if item.is_empty() {
                errors.push(MatrixError::new(at.to_vec(), MatrixProblem::EmptyInclude));
                continue;
            }
            includes.push(Include { filter: Filter::new(&own), own, extra, matched: false });
        }
        Ok(includes)
    }

    fn excludes(&self, errors: &mut Vec<MatrixError>) -> Result<Vec<Filter>, Vec<MatrixError>> {
        let mut excludes = Vec::new();
        for (index, item) in self.exclude.iter().flat_map(|list| list.iter()).enumerate() {
            let at = list_item("exclude", index);
            let item = object(item, "matrix excludes item", &at)?;
            if item.is_empty() {
                errors.push(MatrixError::new(at.to_vec(), MatrixProblem::EmptyExclude));
                continue;
            }
            for key in item.keys().filter(|key| !self.has_axis(key)) {
                let mut at = at.to_vec();
                at.push(Step::Key(Arc::clone(key)));
                let problem = MatrixProblem::UnknownExcludeKey(Arc::clone(key));
                errors.push(MatrixError { is_key: true, ..MatrixError::new(at, problem) });
            }
            excludes.push(Filter::new(item));
        }
        Ok(excludes)
    }

    /// How many cells the product has, none without axes; `None` if that can't be counted.
    fn product_size(&self) -> Option<usize> {
        if self.axes.is_empty() {
            return Some(0);
        }
        self.axes.iter().try_fold(1_usize, |size, (_, axis)| size.checked_mul(axis.len()))
    }

    /// A matrix nothing is taken from has as many legs as its product; with excludes nobody counts them.
    fn oversize(&self, job: &str, product: Option<usize>) -> MatrixProblem {
        match product {
            Some(count) if self.exclude.is_none() && count > MAX_LEGS => {
                MatrixProblem::TooManyLegs { job: job.to_owned(), count }
            }
            _ => MatrixProblem::TooLarge,
        }
    }

    /// The cell at `index` of the product; the last axis changes fastest.
    fn cell(&self, index: usize, product: usize) -> Object {
        let mut block = product;
        let cells = self.axes.iter().map(|(name, axis)| {
            block /= axis.len();
            (Arc::clone(name), axis[index / block % axis.len()].clone())
        });
        cells.collect()
    }
}

impl Settings {
    pub(super) fn into_strategy(self, combinations: Vec<Combination>) -> Strategy {
        let total = combinations.len();
        let mut ids = IdBuilder::default();
        let mut legs = Vec::with_capacity(total.max(1));
        for (index, combination) in combinations.into_iter().enumerate() {
            let segments = name::segments(&combination.named);
            let limit = self.max_parallel.map_or(total, |limit| usize::try_from(limit).unwrap_or(total));
            let mut matrix = combination.named;
            matrix.extend(combination.extra.iter().map(|(key, value)| (Arc::clone(key), value.clone())));
            legs.push(Leg {
                id: name::id(&mut ids, &segments),
                matrix: Value::from(matrix),
                strategy: self.context(index, total, limit),
                segments,
            });
        }
        if legs.is_empty() {
            let strategy = self.context(0, 1, 1);
            legs.push(Leg { id: DEFAULT_ID.to_owned(), matrix: Value::Null, strategy, segments: Vec::new() });
        }
        Strategy { fail_fast: self.fail_fast, max_parallel: self.max_parallel, legs }
    }

    fn context(&self, index: usize, total: usize, max_parallel: usize) -> Value {
        #[expect(clippy::cast_precision_loss, reason = "far below 2^53: at most u32::MAX")]
        let number = |count: usize| Value::Number(count as f64);
        Value::object([
            ("fail-fast", Value::Bool(self.fail_fast)),
            ("job-index", number(index)),
            ("job-total", number(total)),
            ("max-parallel", number(max_parallel)),
        ])
    }
}

fn list_item(list: &'static str, index: usize) -> [Step; 3] {
    [Step::Key("matrix".into()), Step::Key(list.into()), Step::Index(index)]
}

fn object<'a>(value: &'a Value, reading: &'static str, at: &[Step]) -> Result<&'a Object, Vec<MatrixError>> {
    value.as_object().ok_or_else(|| unexpected(value, reading, "MappingToken", at))
}

fn array(value: &Value, reading: &'static str, at: &[Step]) -> Result<Arc<Array>, Vec<MatrixError>> {
    match value {
        Value::Array(array) => Ok(Arc::clone(array)),
        other => Err(unexpected(other, reading, "SequenceToken", at)),
    }
}

fn unexpected(value: &Value, reading: &'static str, expected: &'static str, at: &[Step]) -> Vec<MatrixError> {
    let found = match value {
        Value::Null => "NullToken",
        Value::Bool(_) => "BooleanToken",
        Value::Number(_) => "NumberToken",
        Value::String(_) => "StringToken",
        Value::Array(_) => "SequenceToken",
        Value::Object(_) => "MappingToken",
    };
    vec![MatrixError::new(at.to_vec(), MatrixProblem::UnexpectedType { reading, found, expected })]
}
