namespace RedisLite.Testing.Workloads;

/// <summary>
/// What the generated sequences are made of: a weight and a template a row ('!' before it: never spoilt, a mistake would make it random). A command whose outcome hangs on chance or that never ends has no
/// row here (SPOP, RANDOMKEY, blocking commands with nothing to wait for): the written cases cover those.
/// </summary>
public static class WorkloadFamilies
{
    private static readonly string[] Strings =
    [
        "20 SET {str} {val}",
        "8 SET {str} {val} [NX|XX] [GET] [EX {secs}|PX {ms}|EXAT {futureat}|PXAT {futureatms}|KEEPTTL]",
        "6 SET {num} {int}",
        "12 GET {str}",
        "3 GETSET {str} {val}",
        "3 GETDEL {str}",
        "4 GETEX {str} [EX {secs}|PX {ms}|EXAT {at}|PXAT {atms}|PERSIST]",
        "3 SETNX {str} {val}",
        "3 SETEX {str} {secs} {val}",
        "2 PSETEX {str} {ms} {val}",
        "4 MSET ({str} {val})+",
        "3 MSETNX ({str} {val})+",
        "4 MGET ({anytype})+",
        "6 APPEND {str} {val}",
        "3 STRLEN {str}",
        "4 SETRANGE {str} {offset} {val}",
        "4 GETRANGE {str} {index} {index}",
        "2 SUBSTR {str} {index} {index}",
        "4 INCR {num}",
        "4 DECR {num}",
        "4 INCRBY {num} {int}",
        "4 DECRBY {num} {int}",
        "4 INCRBYFLOAT {num} {float}",
        "2 INCR {str}",
        "3 LCS {str} {str} [LEN] [IDX] [MINMATCHLEN {small}] [WITHMATCHLEN]",
    ];

    private static readonly string[] Keys =
    [
        "4 DEL ({anytype})+",
        "3 UNLINK ({anytype})+",
        "4 EXISTS ({anytype})+",
        "4 TYPE {anytype}",
        "3 TOUCH ({anytype})+",
        "3 RENAME {any} {any}",
        "3 RENAMENX {any} {any}",
        "3 COPY {any} {any} [DB {db}] [REPLACE]",
        "2 MOVE {any} {db}",
        "5 EXPIRE {anytype} {secs} [NX|XX|GT|LT|GT XX|NX XX]",
        "4 PEXPIRE {anytype} {ms} [NX|XX|GT|LT]",
        "3 EXPIREAT {anytype} {at} [NX|XX|GT|LT]",
        "3 PEXPIREAT {anytype} {atms} [NX|XX|GT|LT]",
        "3 TTL {anytype}",
        "3 PTTL {anytype}",
        "3 EXPIRETIME {anytype}",
        "3 PEXPIRETIME {anytype}",
        "4 PERSIST {anytype}",
        "2 KEYS {pattern}",
        "3 OBJECT ENCODING {anytype}",
        "1 OBJECT REFCOUNT {anytype}",
        "1 OBJECT FREQ {anytype}",
        "2 DBSIZE",
        "1 SCAN 0 COUNT 100000 [MATCH {pattern}] [TYPE <string|hash|list|nothing>]",
        "1 SELECT {db}",
        "2 SELECT 0",
        "1 SWAPDB {db} {db}",
    ];

    private static readonly string[] Hashes =
    [
        "12 HSET {hash} ({field} {val})+",
        "4 HSET {hash} {manyfield} {short} {manyfield} {short} {manyfield} {short} {manyfield} {short} {manyfield} {short} {manyfield} {short}",
        "3 HMSET {hash} ({field} {val})+",
        "3 HSETNX {hash} {field} {val}",
        "6 HGET {hash} {field}",
        "4 HMGET {hash} ({field})+",
        "4 HGETALL {hash}",
        "3 HKEYS {hash}",
        "3 HVALS {hash}",
        "3 HLEN {hash}",
        "2 HSTRLEN {hash} {field}",
        "3 HEXISTS {hash} {field}",
        "5 HDEL {hash} ({field})+",
        "4 HINCRBY {hash} {field} {int}",
        "4 HINCRBYFLOAT {hash} {field} {float}",
        "1 HRANDFIELD {hash} 0",
        "1 HRANDFIELD {hash} 100000 [WITHVALUES]",
        "2 HSCAN {hash} 0 COUNT 100000 [MATCH {pattern}]",
    ];

    private static readonly string[] Transactions =
    [
        "3 MULTI",
        "3 EXEC",
        "1 DISCARD",
        "2 WATCH ({any})+",
        "1 UNWATCH",
    ];

    private static readonly string[] Connection =
    [
        "2 PING",
        "1 PING {val}",
        "2 ECHO {val}",
        "1 CLIENT SETNAME <alpha|beta|bad\tname>",
        "1 CLIENT GETNAME",
        "1 CLIENT NO-EVICT <ON|OFF|maybe>",
        "1 CLIENT NOSUCH {val}",
        "1 NOSUCHCOMMAND {val} {val}",
        "1 !COMMAND GETKEYS MSET ({any} {val})+",
        "1 !COMMAND GETKEYS GET {any}",
    ];

    private static readonly string[] Lists =
    [
        "8 LPUSH {list} ({member})+",
        "8 RPUSH {list} ({member})+",
        "2 LPUSHX {list} ({member})+",
        "2 RPUSHX {list} ({member})+",
        "4 LPOP {list} [{count}]",
        "4 RPOP {list} [{count}]",
        "4 LRANGE {list} {index} {index}",
        "3 LINDEX {list} {index}",
        "3 LSET {list} {index} {member}",
        "4 LINSERT {list} <BEFORE|AFTER> {member} {member}",
        "4 LREM {list} {small} {member}",
        "2 LTRIM {list} {index} {index}",
        "2 LLEN {list}",
        "4 LPOS {list} {member} [RANK {index}] [COUNT {count}] [MAXLEN {small}]",
        "3 LMOVE {list} {list} <LEFT|RIGHT> <LEFT|RIGHT>",
        "2 RPOPLPUSH {list} {list}",
        "2 LMPOP <1|2> {list} {list} <LEFT|RIGHT> [COUNT {count}]",
    ];

    private static readonly string[] Sets =
    [
        "8 SADD {set} ({member})+",
        "6 SADD {set} ({intmember})+",
        "4 SREM {set} ({member})+",
        "3 SISMEMBER {set} {member}",
        "3 SMISMEMBER {set} ({member})+",
        "4 SMEMBERS {set}",
        "2 SCARD {set}",
        "3 SMOVE {set} {set} {member}",
        "3 SINTER ({set})+",
        "3 SUNION ({set})+",
        "3 SDIFF ({set})+",
        "2 SINTERCARD <1|2> {set} {set} [LIMIT {small}]",
        "2 SINTERSTORE {set} ({set})+",
        "2 SUNIONSTORE {set} ({set})+",
        "2 SDIFFSTORE {set} ({set})+",
        "1 !SRANDMEMBER {set} 100000",
        "1 !SPOP {set} 100000",
        "2 SSCAN {set} 0 COUNT 100000 [MATCH {pattern}]",
    ];

    private static readonly string[] SortedSets =
    [
        "10 ZADD {zset} [NX|XX|GT|LT] [CH] ({score} {member})+",
        "2 ZADD {zset} [NX|XX|GT|LT] INCR {score} {member}",
        "4 ZINCRBY {zset} {score} {member}",
        // A range by name is defined for members of one score only, so these have sets of their own.
        "4 !ZADD {lex} 0 {member} 0 {member}",
        "4 ZREM {zset} ({member})+",
        "3 ZSCORE {zset} {member}",
        "3 ZMSCORE {zset} ({member})+",
        "2 ZCARD {zset}",
        "3 ZCOUNT {zset} {scorelimit} {scorelimit}",
        "2 ZLEXCOUNT {lex} {lexlimit} {lexlimit}",
        "3 ZRANK {zset} {member}",
        "3 ZREVRANK {zset} {member}",
        "4 ZRANGE {zset} {index} {index} [REV] [WITHSCORES]",
        "4 ZRANGE {zset} {scorelimit} {scorelimit} BYSCORE [REV] [LIMIT {small} {count}] [WITHSCORES]",
        "2 ZRANGE {lex} {lexlimit} {lexlimit} BYLEX [REV] [LIMIT {small} {count}]",
        "2 ZRANGESTORE {zset} {zset} {index} {index} [REV]",
        "2 ZREVRANGE {zset} {index} {index} [WITHSCORES]",
        "2 ZRANGEBYSCORE {zset} {scorelimit} {scorelimit} [WITHSCORES] [LIMIT {small} {count}]",
        "2 ZREVRANGEBYSCORE {zset} {scorelimit} {scorelimit} [WITHSCORES]",
        "2 ZRANGEBYLEX {lex} {lexlimit} {lexlimit}",
        "2 ZREVRANGEBYLEX {lex} {lexlimit} {lexlimit}",
        "1 ZREMRANGEBYRANK {zset} {index} {index}",
        "1 ZREMRANGEBYSCORE {zset} {scorelimit} {scorelimit}",
        "1 ZREMRANGEBYLEX {lex} {lexlimit} {lexlimit}",
        "2 ZPOPMIN {zset} [{count}]",
        "2 ZPOPMAX {zset} [{count}]",
        "2 ZMPOP <1|2> {zset} {zset} <MIN|MAX> [COUNT {count}]",
        "2 ZUNION 2 {zset} {set} [WEIGHTS {score} {score}] [AGGREGATE <SUM|MIN|MAX>] [WITHSCORES]",
        "2 ZINTER 2 {zset} {zset} [AGGREGATE <SUM|MIN|MAX>] [WITHSCORES]",
        "2 ZDIFF 2 {zset} {zset} [WITHSCORES]",
        "2 ZUNIONSTORE {zset} 2 {zset} {zset} [WEIGHTS {score} {score}]",
        "2 ZINTERSTORE {zset} 2 {zset} {zset} [AGGREGATE <SUM|MIN|MAX>]",
        "2 ZDIFFSTORE {zset} 2 {zset} {zset}",
        "2 ZINTERCARD 2 {zset} {zset} [LIMIT {small}]",
        "2 ZSCAN {zset} 0 COUNT 100000 [MATCH {pattern}]",
    ];

    private static readonly string[] Bits =
    [
        "6 SETBIT {str} {bitoffset} {bit}",
        "4 GETBIT {str} {bitoffset}",
        "4 BITCOUNT {str} [{index} {index} [BYTE|BIT]]",
        "4 BITPOS {str} {bit} [{index} [{index} [BYTE|BIT]]]",
        "4 BITOP <AND|OR|XOR> {str} ({str})+",
        "2 BITOP NOT {str} {str}",
        "5 BITFIELD {str} (GET <u8|i5|u63|i64|u64> {bitoffset}|SET <u8|i16|u63|i64|i1> {bitoffset} {int}|INCRBY <u2|i8|u63|i64> #{small} {int}|OVERFLOW <WRAP|SAT|FAIL>)+",
        "3 BITFIELD {num} (GET <u8|i5> {bitoffset}|OVERFLOW <WRAP|SAT|FAIL> SET <u3|i7|u33> {bitoffset} {small}|OVERFLOW <WRAP|SAT> INCRBY <u3|i7|i33> {bitoffset} {small})+",
        "2 BITFIELD_RO {str} (GET <u8|i5> {bitoffset})+",
        "2 OBJECT ENCODING {str}",
    ];

    private static readonly string[] HyperLogLogs =
    [
        "8 PFADD {hll} ({member})+",
        "8 PFADD {hll} {manyfield} {manyfield} {manyfield} {manyfield} {manyfield} {manyfield} {manyfield} {manyfield}",
        "1 PFADD {hll}",
        "4 PFCOUNT ({hll})+",
        "2 PFMERGE {hll} ({hll})+",
        "2 GET {hll}",
        "1 PFDEBUG <ENCODING|DECODE> {hll}",
        "1 PFDEBUG <GETREG|TODENSE> hll:0",
        "1 DEL {hll}",
        "1 PFADD {str} {member}",
        "1 PFCOUNT {hll} {str}",
    ];

    private static readonly string[] Geo =
    [
        "6 GEOADD {geo} [NX|XX] [CH] ({lon} {lat} {member})+",
        "3 GEOPOS {geo} ({member})+",
        "3 GEODIST {geo} {member} {member} [m|km|ft|mi]",
        "3 GEOHASH {geo} ({member})+",
        "4 GEOSEARCH {geo} FROMLONLAT {lon} {lat} <BYRADIUS 500 km|BYBOX 1000 800 km> [ASC|DESC] [COUNT {count} [ANY]] [WITHCOORD] [WITHDIST] [WITHHASH]",
        "3 GEOSEARCH {geo} FROMMEMBER {member} <BYRADIUS 9000 km|BYBOX 4000 9000 mi> [ASC|DESC] [COUNT {count}] [WITHDIST]",
        "2 GEOSEARCHSTORE {geo} {geo} FROMLONLAT {lon} {lat} BYRADIUS 5000 km [COUNT {count} [ANY]] [STOREDIST]",
        "2 GEORADIUS {geo} {lon} {lat} {small} <km|mi> [WITHCOORD] [WITHDIST] [WITHHASH] [COUNT {count} [ANY]] [ASC|DESC] [STORE geo:s|STOREDIST geo:d]",
        "2 GEORADIUSBYMEMBER {geo} {member} 7000 km [WITHDIST] [COUNT {count}] [ASC|DESC] [STORE geo:s|STOREDIST geo:d]",
        "1 GEORADIUS_RO {geo} {lon} {lat} 3000 km [COUNT {count}] [ASC|DESC]",
        "1 GEORADIUSBYMEMBER_RO {geo} {member} 3000 km [COUNT {count}] [ASC|DESC]",
        "1 ZRANGE {geo} 0 -1 WITHSCORES",
    ];

    private static readonly string[] Sorts =
    [
        "8 RPUSH {numlist} ({intmember})+",
        "1 RPUSH {numlist} {member}",
        "1 LPOP {numlist} 3",
        "1 DEL {numlist}",
        "6 !SADD {numset} ({intmember})+",
        "6 !ZADD {numzset} ({score} {intmember})+",
        "6 SET {weightkey} {small}",
        "1 SET {weightkey} {val}",
        "6 HSET {weighthash} <f|g> {small}",
        "6 SORT {numlist} [BY {sortby}] [LIMIT {index} {count}] (GET {sortget})+ [ASC|DESC] [ALPHA] [STORE {numlist}]",
        "6 SORT {numlist} [BY {sortby}] [LIMIT {index} {count}] [ASC|DESC] [ALPHA] [STORE {numlist}]",
        "3 SORT_RO {numlist} [BY {sortby}] [LIMIT {index} {count}] [ASC|DESC] [ALPHA]",
        "4 SORT {numset} [BY {sortby}] [LIMIT {index} {count}] [GET {sortget}] [ASC|DESC] [ALPHA] [STORE {numlist}]",
        // Where weights are equal texts, the order is that of Redis's table.
        "4 SORT {numzset} [BY {sortby}] [LIMIT {index} {count}] [GET {sortget}] [ASC|DESC] [STORE {numlist}]",
        "2 SORT {numzset} [LIMIT {index} {count}] ALPHA [ASC|DESC]",
        "1 SORT {anytype} [LIMIT {index} {count}] [ASC|DESC]",
    ];

    private static readonly string[] Streams =
    [
        "8 XADD {stream} [NOMKSTREAM] [MAXLEN {small}|MAXLEN = {small}|MINID {streamid}] {streamid} ({field} {val})+",
        "3 XLEN {stream}",
        "4 XRANGE {stream} <-|{id}> <+|{id}> [COUNT {count}]",
        "4 XREVRANGE {stream} <+|{id}> <-|{id}> [COUNT {count}]",
        "3 XDEL {stream} ({streamid})+",
        "2 XTRIM {stream} <MAXLEN|MINID> {small}",
        "3 XREAD [COUNT {count}] STREAMS {stream} {stream} {id} {id}",
        "2 XGROUP CREATE {stream} <g1|g2> <$|0|{id}> [MKSTREAM]",
        "1 XGROUP SETID {stream} g1 {id}",
        "1 XGROUP DESTROY {stream} g2",
        "1 XGROUP CREATECONSUMER {stream} g1 <c1|c2>",
        "1 XGROUP DELCONSUMER {stream} g1 c2",
        "3 XREADGROUP GROUP <g1|g2> <c1|c2> [COUNT {count}] [NOACK] STREAMS {stream} <{undelivered}|0|{id}>",
        "2 XACK {stream} g1 ({streamid})+",
        "2 XSETID {stream} {streamid}",
    ];

    /// <summary>By name; the first five belong to the foundation, the others to the types that follow.</summary>
    public static IReadOnlyDictionary<string, string[]> All { get; } = new Dictionary<string, string[]>
    {
        ["strings"] = Strings,
        ["keys"] = Keys,
        ["hashes"] = Hashes,
        ["transactions"] = Transactions,
        ["connection"] = Connection,
        ["lists"] = Lists,
        ["sets"] = Sets,
        ["zsets"] = SortedSets,
        ["bits"] = Bits,
        ["hyperloglog"] = HyperLogLogs,
        ["geo"] = Geo,
        ["sorts"] = Sorts,
        ["streams"] = Streams,
    };
}
