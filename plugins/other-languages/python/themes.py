"""What Themes adds to its manifest, as plugins/themes/src/lib.rs says it in Rust."""

from wit_world import exports
from wit_world.exports.evaluator import Request, Verdict, Verdict_Deny as deny, Verdict_Permit as permit


class Evaluator(exports.Evaluator):
    def evaluate(self, request: Request) -> Verdict:
        facts = {fact.name: fact.value.value for fact in request.facts}
        if request.purpose == "content-recommendation":
            objected = facts["right.objected_purposes"]
            if "content-recommendation" in objected or "personalisation" in objected:
                return deny("objected")
            if facts["subject.child_signal"] and "browsing-history" in request.data:
                return deny("child-signal")
        if (request.purpose, request.operation) == ("system-service-operation", "collect") and "comment" in request.data:
            return permit(["moderate-comment"])
        return permit([])
