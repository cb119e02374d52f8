// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthConcurrency
internal import MCPAuthCore
internal import Testing

@Suite struct AlarmTests {
    @Test func waitsUntilTheMoment() async {
        let end = ContinuousClock.Instant.now.advanced(by: .milliseconds(30))
        #expect(await Alarm.shared.wait(until: end))
        #expect(ContinuousClock.Instant.now >= end)
    }

    @Test func aMomentInThePastIsNow() async {
        #expect(await Alarm.shared.wait(until: .now.advanced(by: .seconds(-1))))
    }

    @Test(arguments: [Duration.zero, .milliseconds(50)])
    func aWaitThatIsCancelledEndsAtOnce(after pause: Duration) async throws {
        let wait = Task { await Alarm.shared.wait(until: .now.advanced(by: .seconds(600))) }
        try await Task.sleep(for: pause)
        wait.cancel()
        #expect(await wait.value == false)
    }

    @Test func whatIsCalledOffIsNotDone() async {
        let done = Lock<[String]>([])
        let moment = ContinuousClock.Instant.now.advanced(by: .milliseconds(30))
        let first = Alarm.shared.call(at: moment) { done.withLock { $0.append("first") } }
        _ = Alarm.shared.call(at: moment) { done.withLock { $0.append("second") } }
        Alarm.shared.callOff(first)
        _ = await Alarm.shared.wait(until: moment.advanced(by: .milliseconds(30)))
        #expect(done.withLock { $0 } == ["second"])
    }

    @Test func manyShortWaitsUnderALongDeadlineShareTheirSleeps() async {
        let before = Alarm.shared.sleeps
        let moment = ContinuousClock.Instant.now.advanced(by: .seconds(3600))
        for number in 0..<100_000 {
            let ticket = Alarm.shared.call(at: moment.advanced(by: .microseconds(number))) {}
            Alarm.shared.callOff(ticket)
        }
        // All deadlines are within a tenth of a second; other tests may cause some sleeps too.
        #expect(Alarm.shared.sleeps - before < 100)
    }
}
