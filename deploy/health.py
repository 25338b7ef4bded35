"""Asked by the container's health check: does the web part answer?"""

import http.client
import os
import sys
from urllib.parse import urlsplit

connection = http.client.HTTPConnection("127.0.0.1", 8000, timeout=4)
host = urlsplit(os.environ["SITE_URL"]).hostname or "127.0.0.1"
connection.request("GET", "/health/?format=text", headers={"Host": host})
sys.exit(connection.getresponse().status != http.client.OK)
