namespace RedisLite.Engine;

internal sealed class CommandContext;
