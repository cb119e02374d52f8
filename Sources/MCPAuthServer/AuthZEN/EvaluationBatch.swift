// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthCore

/// Several questions of a gateway in one request (Access Evaluations API).
struct EvaluationBatch: Sendable {
    /// Which questions are answered.
    private enum Semantic: String {
        case executeAll = "execute_all"
        case denyOnFirstDeny = "deny_on_first_deny"
        case permitOnFirstPermit = "permit_on_first_permit"
    }

    private let semantic: Semantic
    /// The members for questions that do not have them; a member of a question replaces one as a whole.
    private let defaults: WrittenObject
    private let questions: [WrittenValue]

    static let members = EvaluationRequest.members + ["evaluations", "options"]
    /// The maximum number of questions.
    static let mostQuestions = 100

    /// - Returns: `nil` for a request without evaluations: it is one question.
    init?(_ request: WrittenObject) throws(EvaluationMistake) {
        questions = try request["evaluations"]?.elements(atMost: Self.mostQuestions) ?? []
        let option = try request["options"]?.object(["evaluations_semantic"])["evaluations_semantic"]
        if let option {
            guard let named = Semantic(rawValue: try option.string()) else {
                let expected = "`execute_all`, `deny_on_first_deny` or `permit_on_first_permit`"
                throw option.mistake(expected: expected, found: "another text")
            }
            semantic = named
        } else {
            semantic = .executeAll
        }
        defaults = request
        guard !questions.isEmpty else { return nil }
        // They are read again for each question.
        let shared = EvaluationRequest.members.reduce(0) { $0 + (request[$1]?.text.count ?? 0) }
        guard shared * questions.count <= ProtectedResource.bodyBytes else {
            let message = "members of at most \(ProtectedResource.bodyBytes / questions.count) bytes for all questions"
            throw questions[0].mistake(expected: message, found: "\(shared) bytes")
        }
    }

    var count: Int { questions.count }

    /// One of the questions; a mistake in it does not affect the others.
    func question(_ index: Int) throws(EvaluationMistake) -> EvaluationRequest {
        try EvaluationRequest(try questions[index].object(EvaluationRequest.members).completed(by: defaults))
    }

    /// Whether no more questions are answered after this answer.
    func ends(after answer: EvaluationAnswer) -> Bool {
        switch semantic {
        case .executeAll: false
        case .denyOnFirstDeny: !answer.isAllowed
        case .permitOnFirstPermit: answer.isAllowed
        }
    }
}
