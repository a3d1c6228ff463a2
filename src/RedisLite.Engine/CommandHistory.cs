namespace RedisLite.Engine;

/// <summary>
/// What changed about a command in which version of Redis, for COMMAND DOCS. Apart from the rows, which it would swell, and read only when asked for.
/// One line a change: command, version, what.
/// </summary>
internal static class CommandHistory
{
    private const string Lines = """
        acl|getuser 6.2.0 Channel patterns are shown
        acl|getuser 7.0.0 Selectors are shown, and patterns as one text of rules
        acl|setuser 6.2.0 Channel patterns
        acl|setuser 7.0.0 Selectors and key permissions for reading and writing
        auth 6.0.0 User names
        bgsave 3.2.2 SCHEDULE
        bitcount 7.0.0 BYTE and BIT
        bitpos 7.0.0 BYTE and BIT
        blpop 6.0.0 The timeout may have a fraction
        brpop 6.0.0 The timeout may have a fraction
        brpoplpush 6.0.0 The timeout may have a fraction
        bzpopmax 6.0.0 The timeout may have a fraction
        bzpopmin 6.0.0 The timeout may have a fraction
        client|kill 2.8.12 Filters, among them ID
        client|kill 3.2.0 TYPE master
        client|kill 5.0.0 TYPE replica; slave stays as another name for it
        client|kill 6.2.0 LADDR
        client|list 2.8.12 Field id
        client|list 5.0.0 TYPE
        client|list 6.0.0 Field user
        client|list 6.2.0 ID; fields argv-mem, tot-mem, laddr and redir
        client|list 7.0.0 Fields resp, multi-mem, rbs and rbp
        client|list 7.0.3 Field ssub
        client|pause 6.2.0 WRITE and ALL
        cluster|meet 4.0.0 The port of the cluster bus may be given
        cluster|slots 4.0.0 IDs of nodes are shown
        cluster|slots 7.0.0 More about the network addresses of nodes
        command|info 7.0.0 Without names it describes all commands
        config|get 7.0.0 Several patterns at once
        config|set 7.0.0 Several directives at once
        exists 3.0.3 Several keys at once
        expire 7.0.0 NX, XX, GT and LT
        expireat 7.0.0 NX, XX, GT and LT
        flushall 4.0.0 ASYNC
        flushall 6.2.0 SYNC
        flushdb 4.0.0 ASYNC
        flushdb 6.2.0 SYNC
        geoadd 6.2.0 CH, NX and XX
        georadius 6.2.0 COUNT with ANY
        georadius 7.0.0 Units in upper case
        georadius_ro 6.2.0 COUNT with ANY
        georadiusbymember 7.0.0 Units in upper case
        geosearch 7.0.0 Units in upper case
        geosearchstore 7.0.0 Units in upper case
        hdel 2.4.0 Several fields at once
        hello 6.2.0 The protocol version may be left out
        hset 4.0.0 Several fields at once
        info 7.0.0 Several sections at once
        lpop 6.2.0 A count
        lpush 2.4.0 Several elements at once
        lpushx 4.0.0 Several elements at once
        migrate 3.0.0 COPY and REPLACE
        migrate 3.0.6 KEYS
        migrate 4.0.7 AUTH
        migrate 6.0.0 AUTH2
        pexpire 7.0.0 NX, XX, GT and LT
        pexpireat 7.0.0 NX, XX, GT and LT
        pttl 2.8.0 A missing key gives -2
        renamenx 3.2.0 The same name twice is no error
        restore 3.0.0 REPLACE
        restore 5.0.0 ABSTTL, IDLETIME and FREQ
        restore-asking 3.0.0 REPLACE
        restore-asking 5.0.0 ABSTTL, IDLETIME and FREQ
        rpop 6.2.0 A count
        rpush 2.4.0 Several elements at once
        rpushx 4.0.0 Several elements at once
        sadd 2.4.0 Several members at once
        scan 6.0.0 TYPE
        script|flush 6.2.0 ASYNC and SYNC
        set 2.6.12 EX, PX, NX and XX
        set 6.0.0 KEEPTTL
        set 6.2.0 GET, EXAT and PXAT
        set 7.0.0 NX together with GET
        shutdown 7.0.0 NOW, FORCE and ABORT
        slowlog|get 4.0.0 Address and name of the client are shown
        spop 3.2.0 A count
        srandmember 2.6.0 A count
        srem 2.4.0 Several members at once
        ttl 2.8.0 A missing key gives -2
        xadd 6.2.0 NOMKSTREAM, MINID and LIMIT
        xadd 7.0.0 IDs with a star for the sequence number
        xautoclaim 7.0.0 Tells which entries were deleted meanwhile
        xgroup|create 7.0.0 ENTRIESREAD
        xgroup|setid 7.0.0 ENTRIESREAD
        xinfo|consumers 7.2.0 Field inactive
        xinfo|groups 7.0.0 Fields entries-read and lag
        xinfo|stream 6.0.0 FULL
        xinfo|stream 7.0.0 Fields max-deleted-entry-id, entries-added, recorded-first-entry-id, entries-read and lag
        xinfo|stream 7.2.0 Field active-time
        xpending 6.2.0 IDLE, and ranges that leave their ends out
        xrange 6.2.0 Ranges that leave their ends out
        xrevrange 6.2.0 Ranges that leave their ends out
        xsetid 7.0.0 ENTRIESADDED and MAXDELETEDID
        xtrim 6.2.0 MINID and LIMIT
        zadd 2.4.0 Several members at once
        zadd 3.0.2 XX, NX, CH and INCR
        zadd 6.2.0 GT and LT
        zrange 6.2.0 REV, BYSCORE, BYLEX and LIMIT
        zrangebyscore 2.0.0 WITHSCORES
        zrank 7.2.0 WITHSCORE
        zrem 2.4.0 Several members at once
        zrevrangebyscore 2.1.6 Ranges that leave their ends out
        zrevrank 7.2.0 WITHSCORE
        """;

    private static readonly Lazy<ILookup<string, (string Version, string Change)>> ByCommand = new(() => Lines
        .Split('\n')
        .Select(line => line.Split(' ', 3))
        .ToLookup(words => words[0], words => (words[1], words[2].TrimEnd())));

    public static (string Version, string Change)[] Of(string fullName) => ByCommand.Value[fullName].ToArray();

    /// <summary>All commands that have a history.</summary>
    public static IEnumerable<string> Commands => ByCommand.Value.Select(entries => entries.Key);
}
