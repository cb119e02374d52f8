// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if FlyingFox
/// An OAuth error of an endpoint, returned in a redirect or as a JSON response.
struct OAuthError: Error {
    let code: String
    /// What is wrong, and what is expected.
    let description: String

    init(_ code: String, _ description: String) {
        self.code = code
        self.description = description
    }
}

extension IssuerResponse {
    static func error(_ error: OAuthError) -> IssuerResponse {
        .error(error.code, error.description)
    }
}
#endif
