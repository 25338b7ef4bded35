# Checks every draw of a lottery: python3 verify_lottery.py https://…/proof.json (or file:///…)
import hashlib
import hmac
import json
import sys
import urllib.request

proof = json.load(urllib.request.urlopen(sys.argv[1]))
seed, table = bytes.fromhex(proof["seed"]), json.loads(proof["table"])
good = hashlib.sha256(seed + proof["table"].encode()).hexdigest() == proof["commitment"]
line = [prize["key"] for prize in table["prizes"] for _ in range(prize["odds"])]
left = {prize["key"]: prize["stock"] for prize in table["prizes"]}
for place, (number, client, key) in enumerate(proof["draws"], 1):
    texts = (f"{table['lottery']}|{number}|{turn}|{client}" for turn in range(99))
    values = (int.from_bytes(hmac.digest(seed, text.encode(), "sha256")[:4]) for text in texts)
    value = next(value for value in values if value < 2**32 - 2**32 % len(line)) % len(line)
    prize = line[value] if left[line[value]] != 0 else table["fallback"]
    left[prize] = left[prize] and left[prize] - 1
    good &= (number, key) == (place, prize)
sys.exit(print(f"good: {len(proof['draws'])} draws") if good else "NOT GOOD")
