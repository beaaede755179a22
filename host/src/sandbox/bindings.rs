//! The contract's types as wasmtime needs them; the only file that names generated types.
//!
//! A second version of the contract would be a second file like this one, chosen once when a plugin is loaded.

use wasmtime::Store;
use wasmtime::component::InstancePre;
use wasmtime::component::types::ComponentFunc;

use super::call::{CallRequest, FactValue, Verdict};
use super::limits::CallState;
use generated::exports::licit::policy::evaluator as wit;

mod generated {
    wasmtime::component::bindgen!({
        path: "../wit",
        world: "plugin",
        // A call lowers the caller's `&str` straight into the plugin's memory.
        ownership: Borrowing { duplicate_if_necessary: false },
    });
}

/// A plugin whose evaluator has been looked up and type-checked, ready to be instantiated.
#[derive(Clone)]
pub(super) struct Evaluator(generated::PluginPre<CallState>);

/// One instance of a plugin, good for one call.
pub(super) struct Instance(generated::Plugin);

impl Evaluator {
    /// Checks the type of `evaluate`, the function found in the evaluator; the error says what differs.
    pub(super) fn new(
        plugin: InstancePre<CallState>,
        evaluate: &ComponentFunc,
    ) -> wasmtime::Result<Evaluator> {
        // The generated bindings would check it too, but not before the first call.
        evaluate.typecheck::<(wit::Request<'_>,), (wit::Verdict,)>(&plugin.instance_type())?;
        generated::PluginPre::new(plugin).map(Evaluator)
    }

    /// Makes a fresh instance; runs the plugin's start functions, if it has any.
    pub(super) fn instantiate(&self, store: &mut Store<CallState>) -> wasmtime::Result<Instance> {
        self.0.instantiate(store).map(Instance)
    }
}

impl Instance {
    /// Asks for a verdict. Everything that the plugin can do wrong is an error, its clean-up included.
    pub(super) fn evaluate(
        &self,
        store: &mut Store<CallState>,
        request: &CallRequest<'_>,
    ) -> wasmtime::Result<Verdict> {
        let facts: Vec<wit::Fact<'_>> = request
            .facts
            .iter()
            .map(|fact| wit::Fact {
                name: fact.name,
                value: match fact.value {
                    FactValue::Flag(value) => wit::FactValue::Flag(value),
                    FactValue::Text(value) => wit::FactValue::Text(value),
                    FactValue::Integer(value) => wit::FactValue::Integer(value),
                    FactValue::Texts(value) => wit::FactValue::Texts(value),
                },
            })
            .collect();
        let request = wit::Request {
            operation: request.operation,
            purpose: request.purpose,
            data: request.data,
            facts: &facts,
        };
        Ok(
            match self.0.licit_policy_evaluator().call_evaluate(store, request)? {
                wit::Verdict::Permit(obligations) => Verdict::Permit(obligations),
                wit::Verdict::Deny(reason) => Verdict::Deny(reason),
            },
        )
    }
}
