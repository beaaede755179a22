;; Is a core module, as a compiler makes it before it is turned into a component.
(module
  (func (export "evaluate") (param i32) (result i32) (local.get 0)))
