//! Workflows in the JSON form of GitHub's test cases (`TemplateTokenJsonConverter.cs`, `IJobJsonConverter.cs`).

use act_workflow::ids::{InputName, OutputName, SecretName};
use act_workflow::model::*;
use act_workflow::source::{Problem, Sources, Span};
use act_workflow::token::{Token, TokenKind};
use serde_json::{Map, Value, json};

/// Scopes newer than the cases, which their `read-all` and `write-all` do not have.
const NEWER: [&str; 7] = [
    "artifact-metadata",
    "attestations",
    "code-quality",
    "copilot-requests",
    "drives",
    "models",
    "vulnerability-alerts",
];

pub(crate) fn problems(problems: &[Problem], sources: &Sources) -> Value {
    let messages: Vec<_> =
        problems.iter().map(|problem| json!({ "Message": problem.display(sources).to_string() })).collect();
    json!({ "errors": messages })
}

pub(crate) fn workflow(
    workflow: &Workflow,
    sources: &Sources,
    include_source: bool,
    is_partial_rerun: bool,
) -> Value {
    let render = Render { include_source };
    let mut object = Fields::default();
    if let Some(inputs) = workflow.on.dispatch().filter(|inputs| !inputs.is_empty()) {
        let types = inputs
            .iter()
            .map(|(name, input)| (name.as_str().to_owned(), json!(input.kind.as_str())))
            .collect();
        object.set("input-types", Some(Value::Object(types)));
    }
    object.set("env", render.optional(workflow.enclosing.env.as_ref()));
    object.set(
        "permissions",
        workflow.permissions.as_ref().map(|permissions| render.permissions(&permissions.value)),
    );
    object.set("defaults", render.optional(workflow.enclosing.defaults.as_ref()));
    object.set("concurrency", render.optional(workflow.concurrency.as_ref()));
    object.set("jobs", Some(render.jobs(&workflow.jobs)));
    if include_source {
        let mut names: Vec<_> = sources.iter().map(|(_, file)| file.name.to_string()).collect();
        if is_partial_rerun {
            names.sort();
        }
        object.set("file-table", Some(json!(names)));
    }
    let mut value = Value::Object(object.0);
    normalize(&mut value);
    value
}

/// Brings definitions of inputs, secrets and outputs into one form: keys sorted, defaults left out.
pub(crate) fn normalize(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(normalize),
        Value::Object(object) => {
            for key in ["input-definitions", "secret-definitions", "outputs"] {
                let is_call = object.get("type") == Some(&json!("reusableWorkflowJob"));
                if let Some(definitions) = object.get_mut(key).filter(|_| is_call) {
                    normalize_definitions(definitions);
                }
            }
            // The cases of GitHub's TypeScript edition say so for jobs that need nothing.
            if object.get("type") == Some(&json!("job")) && object.get("needs") == Some(&json!([])) {
                object.remove("needs");
            }
            object.values_mut().for_each(normalize);
        }
        _ => {}
    }
}

fn normalize_definitions(definitions: &mut Value) {
    let Some(entries) = definitions["map"].as_array_mut() else { return };
    for entry in entries {
        if entry["Value"].is_null() {
            entry["Value"] = json!({ "type": 2 });
        }
        if let Some(properties) = entry["Value"].get_mut("map").and_then(Value::as_array_mut) {
            properties.retain(|property| {
                !(property["Key"] == json!("required") && property["Value"] == json!(false))
            });
            properties.sort_by_key(|property| property["Key"].to_string());
        }
        if entry["Value"]["map"] == json!([]) {
            entry["Value"] = json!({ "type": 2 });
        }
    }
}

#[derive(Default)]
struct Fields(Map<String, Value>);

impl Fields {
    fn set(&mut self, name: &str, value: Option<Value>) {
        if let Some(value) = value {
            self.0.insert(name.to_owned(), value);
        }
    }
}

struct Render {
    include_source: bool,
}

impl Render {
    fn optional(&self, token: Option<&Token>) -> Option<Value> {
        token.map(|token| self.token(token))
    }

    fn token(&self, token: &Token) -> Value {
        let (kind, name, value) = match &token.kind {
            TokenKind::String(text) => (0, "lit", json!(&**text)),
            TokenKind::Sequence(items) => (1, "seq", items.iter().map(|item| self.token(item)).collect()),
            TokenKind::Mapping(entries) => {
                let entry = |(key, value): &(Token, Token)| json!({ "Key": self.token(key), "Value": self.token(value) });
                (2, "map", entries.iter().map(entry).collect())
            }
            TokenKind::Expression(expression) => (3, "expr", json!(expression.source())),
            TokenKind::Insert => (4, "directive", json!("insert")),
            TokenKind::Bool(value) => (5, "bool", json!(value)),
            TokenKind::Number(value) => (6, "num", number(*value)),
            TokenKind::Null => (7, "", Value::Null),
        };
        if !self.include_source && !matches!(kind, 1..=4) {
            return value;
        }
        let mut fields = self.place(kind, Some(token.span));
        if !name.is_empty() && value != json!([]) {
            fields.set(name, Some(value));
        }
        Value::Object(fields.0)
    }

    fn place(&self, kind: u8, span: Option<Span>) -> Fields {
        let mut fields = Fields::default();
        fields.set("type", Some(json!(kind)));
        if let Some(span) = span.filter(|_| self.include_source) {
            fields.set("file", Some(json!(span.file.0 + 1)));
            fields.set("line", Some(json!(span.line)));
            fields.set("col", Some(json!(span.column)));
        }
        fields
    }

    fn text(&self, text: &str, span: Span) -> Value {
        self.token(&Token::string(text, span))
    }

    fn condition(&self, condition: &If) -> Value {
        let mut fields = self.place(3, condition.span);
        fields.set("expr", Some(json!(condition.expression.source())));
        Value::Object(fields.0)
    }

    fn permissions(&self, permissions: &Permissions) -> Value {
        let is_shorthand = permissions.iter().count() > 15;
        let mut granted: Vec<_> =
            permissions.iter().map(|(scope, level)| (scope.as_str(), level.as_str())).collect();
        granted.retain(|(scope, _)| !(is_shorthand && NEWER.contains(scope)));
        granted.sort_unstable();
        Value::Object(granted.into_iter().map(|(scope, level)| (scope.to_owned(), json!(level))).collect())
    }

    fn jobs(&self, jobs: &[Job]) -> Value {
        jobs.iter().map(|job| self.job(job)).collect()
    }

    fn job(&self, job: &Job) -> Value {
        let mut fields = Fields::default();
        let id = self.text(job.id.as_str(), job.id_span);
        let needs: Vec<_> = job.needs.iter().map(|need| self.text(need.value.as_str(), need.span)).collect();
        let is_call = matches!(job.kind, JobKind::Call(_));
        fields.set("type", Some(json!(if is_call { "reusableWorkflowJob" } else { "job" })));
        fields.set("name", Some(self.optional(job.name.as_ref()).unwrap_or_else(|| id.clone())));
        fields.set("id", Some(id));
        fields.set("needs", (is_call || !needs.is_empty()).then(|| needs.into()));
        fields.set("if", Some(self.condition(&job.condition)));
        fields.set(
            "permissions",
            job.permissions.as_ref().map(|permissions| self.permissions(&permissions.value)),
        );
        fields.set("concurrency", self.optional(job.concurrency.as_ref()));
        fields.set("strategy", self.optional(job.strategy.as_ref()));
        match &job.kind {
            JobKind::Steps(steps) => self.steps_job(steps, &mut fields),
            JobKind::Call(call) => self.call_job(call, &mut fields),
        }
        Value::Object(fields.0)
    }

    fn steps_job(&self, job: &StepsJob, fields: &mut Fields) {
        for (name, token) in [
            ("continue-on-error", &job.continue_on_error),
            ("timeout-minutes", &job.timeout_minutes),
            ("cancel-timeout-minutes", &job.cancel_timeout_minutes),
            ("env", &job.env),
            ("environment", &job.environment),
            ("defaults", &job.defaults),
            ("container", &job.container),
            ("services", &job.services),
            ("outputs", &job.outputs),
            ("snapshot", &job.snapshot),
        ] {
            fields.set(name, self.optional(token.as_ref()));
        }
        fields.set("runs-on", Some(self.token(&job.runs_on)));
        let steps: Vec<_> = job.steps.iter().map(|step| self.step(step)).collect();
        fields.set("steps", (!steps.is_empty()).then(|| steps.into()));
    }

    fn call_job(&self, call: &CallJob, fields: &mut Fields) {
        fields.set("ref", Some(self.text(&call.uses.value, call.uses.span)));
        fields.set("input-values", self.optional(call.with.as_ref()));
        match &call.secrets {
            CallSecrets::None => {}
            CallSecrets::Inherit(_) => fields.set("inherit-secrets", Some(json!(true))),
            CallSecrets::Map(token) => fields.set("secret-values", Some(self.token(token))),
        }
        let Some(called) = &call.called else { return };
        let signature = &called.signature;
        let inputs = signature.inputs.iter().map(|(name, input)| self.input(name, input)).collect();
        fields.set("input-definitions", mapping(inputs));
        let secrets = signature.secrets.iter().map(|(name, secret)| self.secret(name, secret)).collect();
        fields.set("secret-definitions", mapping(secrets));
        let outputs = signature.outputs.iter().map(|(name, output)| self.output(name, output)).collect();
        fields.set("outputs", mapping(outputs));
        fields.set("defaults", self.optional(called.enclosing.defaults.as_ref()));
        fields.set("env", self.optional(called.enclosing.env.as_ref()));
        fields.set("embedded-concurrency", self.optional(called.concurrency.as_ref()));
        // GitHub keeps what the callee asks for in place of what the caller gives.
        let permissions = called.permissions.as_ref().map(|permissions| self.permissions(&permissions.value));
        fields.set("permissions", permissions);
        fields.set("jobs", Some(self.jobs(&called.jobs)));
    }

    fn input(&self, name: &InputName, input: &Input) -> Value {
        let mut entries = vec![entry("type", json!(input.kind.as_str()))];
        entries.extend(input.required.then(|| entry("required", json!(true))));
        entries.extend(input.default.as_ref().map(|default| entry("default", self.token(default))));
        entries.extend(input.description.as_ref().map(|text| entry("description", json!(&**text))));
        entry(name.as_str(), json!({ "type": 2, "map": entries }))
    }

    fn secret(&self, name: &SecretName, secret: &SecretDefinition) -> Value {
        let mut entries = Vec::new();
        entries.extend(secret.required.then(|| entry("required", json!(true))));
        entries.extend(secret.description.as_ref().map(|text| entry("description", json!(&**text))));
        entry(name.as_str(), json!({ "type": 2, "map": entries }))
    }

    fn output(&self, name: &OutputName, output: &OutputDefinition) -> Value {
        let mut entries = Vec::new();
        entries.extend(output.value.as_ref().map(|value| entry("value", self.token(value))));
        entries.extend(output.description.as_ref().map(|text| entry("description", json!(&**text))));
        entry(name.as_str(), json!({ "type": 2, "map": entries }))
    }

    fn step(&self, step: &Step) -> Value {
        let mut fields = Fields::default();
        fields.set("id", Some(json!(step.id.as_str())));
        fields.set(
            "name",
            self.optional(step.name.as_ref()).or_else(|| step.kind.default_name().map(Value::from)),
        );
        let has_condition = matches!(step.kind, StepKind::Run { .. } | StepKind::Uses { .. });
        fields.set("if", has_condition.then(|| self.condition(&step.condition)));
        fields.set("continue-on-error", self.optional(step.continue_on_error.as_ref()));
        fields.set("timeout-minutes", self.optional(step.timeout_minutes.as_ref()));
        fields.set("env", self.optional(step.env.as_ref()));
        fields.set("background", step.background.then(|| json!(true)));
        match &step.kind {
            StepKind::Run { run, shell, working_directory } => {
                fields.set("working-directory", self.optional(working_directory.as_ref()));
                fields.set("shell", self.optional(shell.as_ref()));
                fields.set("run", Some(self.token(run)));
            }
            StepKind::Uses { uses, with } => {
                fields.set("uses", Some(self.text(&uses.value.to_string(), uses.span)));
                fields.set("with", self.optional(with.as_ref()));
            }
            StepKind::Wait { steps } => fields.set(
                "wait",
                Some(steps.iter().map(|step| self.text(step.value.as_str(), step.span)).collect()),
            ),
            StepKind::WaitAll => fields.set("wait-all", Some(json!(true))),
            StepKind::Cancel { step } => {
                fields.set("cancel", Some(self.text(step.value.as_str(), step.span)))
            }
            StepKind::Parallel { steps } => {
                fields.set("parallel", Some(steps.iter().map(|step| self.step(step)).collect()))
            }
        }
        Value::Object(fields.0)
    }
}

fn mapping(entries: Vec<Value>) -> Option<Value> {
    (!entries.is_empty()).then(|| json!({ "type": 2, "map": entries }))
}

fn entry(key: &str, value: Value) -> Value {
    json!({ "Key": key, "Value": value })
}

#[expect(clippy::cast_possible_truncation, reason = "whole and far within the range of i64")]
fn number(value: f64) -> Value {
    if value.is_infinite() || value.is_nan() {
        return json!(act_expr::number::to_string(value));
    }
    if value.trunc() == value && value.abs() < 1e15 { json!(value as i64) } else { json!(value) }
}
