// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import MCPAuthCore

@Suite struct TimestampTests {
    @Test(arguments: [
        ("1970-01-01T00:00:00Z", 0.0), ("1985-04-12T23:20:50.52Z", 482_196_050.52),
        ("1996-12-19T16:39:57-08:00", 851_042_397), ("1937-01-01T12:00:27.87+00:20", -1_041_337_172.13),
        ("2024-02-29t00:00:00z", 1_709_164_800), ("2000-01-01T00:00:00-00:00", 946_684_800),
    ])
    func `an RFC 3339 date-time is converted to seconds`(text: String, seconds: Double) throws {
        let found = try #require(Timestamp.seconds(text))
        #expect(abs(found - seconds) < 0.001)
    }

    @Test(arguments: [
        "", "2024-01-01", "2024-01-01 00:00:00Z", "2024-13-01T00:00:00Z", "2023-02-29T00:00:00Z",
        "2024-01-01T24:00:00Z",
        "2024-01-01T00:00:60Z", "2024-01-01T00:00:00", "2024-01-01T00:00:00.Z", "2024-01-01T00:00:00+0100",
        "2024-01-01T00:00:00+24:00", "+024-01-01T00:00:00Z", "2024-01-01T00:00:00ZZ",
    ])
    func `any other text is not a date-time`(text: String) {
        #expect(Timestamp.seconds(text) == nil)
    }
}
