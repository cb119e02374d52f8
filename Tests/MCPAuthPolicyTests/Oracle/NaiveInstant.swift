// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

/// An instant written as RFC 3339 date-time, compared without rounding its fraction.
struct NaiveInstant: Comparable {
    /// Seconds since 1970-01-01T00:00:00Z.
    private let seconds: Int
    /// The digits after the point without trailing zeros, so that text order is the order of the fractions.
    private let fraction: String

    /// Reads the strict grammar of RFC 3339 section 5.6; `nil` for anything else, including a leap second.
    init?(_ text: String) {
        let date = /(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:[Zz]|([+-])(\d\d):(\d\d))/
            .asciiOnlyDigits()
        guard let match = try? date.wholeMatch(in: text)?.output,
            let year = Int(match.1), let month = Int(match.2), let day = Int(match.3),
            let hour = Int(match.4), let minute = Int(match.5), let second = Int(match.6),
            (1...12).contains(month), (1...Self.days(in: month, of: year)).contains(day),
            hour < 24, minute < 60, second < 60
        else { return nil }
        var offset = 0
        if let sign = match.8, let hours = match.9.flatMap({ Int($0) }), let minutes = match.10.flatMap({ Int($0) }) {
            guard hours < 24, minutes < 60 else { return nil }
            offset = (sign == "-" ? -1 : 1) * (hours * 60 + minutes)
        }
        seconds = ((Self.days(before: year, month) + day - 1) * 24 + hour) * 3600 + (minute - offset) * 60 + second
        var digits = String(match.7 ?? "")
        while digits.last == "0" { digits.removeLast() }
        fraction = digits
    }

    static func < (left: NaiveInstant, right: NaiveInstant) -> Bool {
        (left.seconds, left.fraction) < (right.seconds, right.fraction)
    }

    private static func days(in month: Int, of year: Int) -> Int {
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        return [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]
    }

    /// The days from 1970 to the first of the month, counted one month at a time.
    private static func days(before year: Int, _ month: Int) -> Int {
        var days = 0
        for between in min(year, 1970)..<max(year, 1970) {
            let length = (1...12).reduce(0) { $0 + Self.days(in: $1, of: between) }
            days += year < 1970 ? -length : length
        }
        return (1..<month).reduce(days) { $0 + Self.days(in: $1, of: year) }
    }
}
