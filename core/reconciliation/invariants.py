"""Statements about comparisons that must return no row, whatever has happened."""

STATEMENTS = [
    (
        "INV-B1",
        "a difference is closed by a reason, and a correction by two persons and its journal",
        "select d.public_id, d.closing from core_difference d"
        " left join core_approval a on a.public_id = d.approval and a.action = 'books.correct'"
        "   and a.executed_at is not null"
        " left join core_journal j on j.key = 'correction:' || d.public_id"
        " where (d.state = 'closed' and (d.reason = '' or d.closed_by = '' or d.closing = ''))"
        " or (d.closing = 'corrected' and (a.id is null or j.id is null))"
        " or (j.id is not null and d.closing <> 'corrected')",
    ),
    (
        "INV-B2",
        "every line of a compared statement has its outcome",
        "select s.public_id, s.party, s.day, count(*) from core_comparison c"
        " join core_statement s on s.id = c.statement_id and s.current"
        " join core_statementline l on l.statement_id = s.id and l.outcome = ''"
        " where c.state in ('matched', 'differs') group by 1, 2, 3",
    ),
    (
        "INV-B3",
        "a statement has all its lines",
        "select s.public_id, s.line_count, count(l.id) from core_statement s"
        " left join core_statementline l on l.statement_id = s.id group by 1, 2, s.malformed_count"
        " having count(l.id) <> s.line_count"
        " or count(l.id) filter (where l.problem <> '') <> s.malformed_count",
    ),
    (
        "INV-B4",
        "a day that matched has no open difference",
        "select c.name, c.party, c.day from core_comparison c join core_difference d"
        " on d.comparison_id = c.id and d.state <> 'closed' where c.state = 'matched'",
    ),
]
