namespace RedisLite.Lua;

internal static class Arithmetic
{
    /// <summary>Lua 5.1 defines a % b by this formula, infinities included.</summary>
    internal static double Modulo(double a, double b) => a - (Math.Floor(a / b) * b);

    internal static double Compute(BinaryOp op, double a, double b) => op switch
    {
        BinaryOp.Add => a + b,
        BinaryOp.Subtract => a - b,
        BinaryOp.Multiply => a * b,
        BinaryOp.Divide => a / b,
        BinaryOp.Modulo => Modulo(a, b),
        BinaryOp.Power => Math.Pow(a, b),
        _ => throw new InvalidOperationException(op.ToString()),
    };
}
