//! What app monitoring adds to its manifest: a crash report with a message in it is for nobody, one with memory for safety only.

licit_guest::plugin!();

/// The vote on one request.
pub fn evaluate(request: &Request) -> Verdict {
    let Purpose::AppPerformanceMonitoring(facts) = request.purpose() else {
        return permit();
    };
    if !request.has(Data::CrashInformation) {
        return permit();
    }
    let report = facts.data_fields();
    if report.contains("message-content") {
        deny(Reason::MessageInReport)
    } else if request.operation() == Operation::Derive && report.contains("memory-content") {
        deny(Reason::MemoryInReport)
    } else {
        permit()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use licit_guest::testing::ask;

    #[test]
    fn messages_are_not_analysed() {
        let crash = ask!(Use AppPerformanceMonitoring [CrashInformation], data.fields = ["message-content"]);
        crash.assert_deny(Reason::MessageInReport);
        crash.data([Data::OverallUsage]).assert_permit();
        crash.fact("data.fields", ["identifier"]).assert_permit();
    }

    #[test]
    fn memory_serves_safety_only() {
        let crash = ask!(Use AppPerformanceMonitoring [CrashInformation], data.fields = ["memory-content"]);
        crash.assert_permit();
        crash
            .operation(Operation::Derive)
            .assert_deny(Reason::MemoryInReport);
    }

    #[test]
    fn other_purposes_look_at_no_report() {
        ask!(Use SystemNetworkSecurity [AppSource]).assert_permit();
        ask!(Use InternalManagement [OverallUsage]).assert_permit();
        ask!(Combine DataAnalysis [CrashInformation]).assert_permit();
    }
}
