;; Attacks nothing: shows parts of the request in its verdict, by the length of the operation's id.
(component
  (core module $module
    (memory (export "memory") 1)
    (func $verdict (param $case i32) (param $at i32) (param $len i32) (result i32)
      (i32.store8 (i32.const 16) (local.get $case))
      (i32.store (i32.const 20) (local.get $at))
      (i32.store (i32.const 24) (local.get $len))
      (i32.const 16))
    (global $next (mut i32) (i32.const 4096))
    (func (export "realloc") (param $old i32) (param $old-size i32) (param $align i32) (param $size i32) (result i32)
      (local $at i32)
      (local.set $at
        (i32.and
          (i32.add (global.get $next) (i32.sub (local.get $align) (i32.const 1)))
          (i32.sub (i32.const 0) (local.get $align))))
      (global.set $next (i32.add (local.get $at) (local.get $size)))
      (local.get $at))
    (func $evaluate (export "evaluate")
      (param $operation i32) (param $operation-len i32) (param $purpose i32) (param $purpose-len i32)
      (param $data i32) (param $data-len i32) (param $facts i32) (param $facts-len i32) (result i32)
      ;; `use` (3): deny with the purpose
      (if (i32.eq (local.get $operation-len) (i32.const 3))
        (then (return (call $verdict (i32.const 1) (local.get $purpose) (local.get $purpose-len)))))
      ;; `share` (5): deny with the first fact's name
      (if (i32.eq (local.get $operation-len) (i32.const 5))
        (then (return (call $verdict (i32.const 1) (i32.load (local.get $facts)) (i32.load offset=4 (local.get $facts))))))
      ;; `retain` (6): deny with the first fact's text
      (if (i32.eq (local.get $operation-len) (i32.const 6))
        (then
          (if (i32.ne (i32.load8_u offset=8 (local.get $facts)) (i32.const 1)) (then (unreachable)))
          (return (call $verdict (i32.const 1) (i32.load offset=16 (local.get $facts)) (i32.load offset=20 (local.get $facts))))))
      ;; `collect` (7): permit with the data categories as obligations
      (if (i32.eq (local.get $operation-len) (i32.const 7))
        (then (return (call $verdict (i32.const 0) (local.get $data) (local.get $data-len)))))
      ;; `transfer` (8): the facts must be integer(-5), flag(true), texts of two
      (if (i32.ne (local.get $facts-len) (i32.const 3)) (then (unreachable)))
      (if (i32.ne (i32.load8_u offset=8 (local.get $facts)) (i32.const 2)) (then (unreachable)))
      (if (i64.ne (i64.load offset=16 (local.get $facts)) (i64.const -5)) (then (unreachable)))
      (if (i32.ne (i32.load8_u offset=32 (local.get $facts)) (i32.const 0)) (then (unreachable)))
      (if (i32.ne (i32.load8_u offset=40 (local.get $facts)) (i32.const 1)) (then (unreachable)))
      (if (i32.ne (i32.load8_u offset=56 (local.get $facts)) (i32.const 3)) (then (unreachable)))
      (if (i32.ne (i32.load offset=68 (local.get $facts)) (i32.const 2)) (then (unreachable)))
      (call $verdict (i32.const 0) (i32.load offset=64 (local.get $facts)) (i32.load offset=68 (local.get $facts))))
    (func (export "post-return") (param i32)))
  (core instance $plugin (instantiate $module))

  (type $fact-value
    (variant (case "flag" bool) (case "text" string) (case "integer" s64) (case "texts" (list string))))
  (type $fact (record (field "name" string) (field "value" $fact-value)))
  (type $request
    (record (field "operation" string) (field "purpose" string) (field "data" (list string)) (field "facts" (list $fact))))
  (type $verdict (variant (case "permit" (list string)) (case "deny" string)))
  (func $evaluate (param "request" $request) (result $verdict)
    (canon lift (core func $plugin "evaluate")
      (memory (core memory $plugin "memory"))
      (realloc (core func $plugin "realloc"))
      (post-return (core func $plugin "post-return"))))
  (instance $evaluator
    (export "fact-value" (type $fact-value))
    (export "fact" (type $fact))
    (export "request" (type $request))
    (export "verdict" (type $verdict))
    (export "evaluate" (func $evaluate)))
  (export "licit:policy/evaluator@0.1.0" (instance $evaluator))
)
