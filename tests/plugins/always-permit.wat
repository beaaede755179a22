;; Permits everything it is asked, without obligations: the code of plugins that tests make of a manifest alone.
(component
  (core module $module
    (memory (export "memory") 1)
    (data (i32.const 16) "\00\00\00\00\20\00\00\00\00\00\00\00") ;; verdict: permit, no entry
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
      (i32.const 16))
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
