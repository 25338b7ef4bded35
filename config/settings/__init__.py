"""Settings by concern; each module says what it decides and reads its own environment variables."""

from config.settings.base import *
from config.settings.database import *
from config.settings.cache import *
from config.settings.celery import *
from config.settings.clocks import *
from config.settings.i18n import *
from config.settings.security import *
from config.settings.accounts import *
from config.settings.admin import *
from config.settings.logs import *
from config.settings.payments import *
from config.settings.points import *
from config.settings.suppliers import *
from config.settings.storage import *
from config.settings.observability import *
from config.settings.test_hooks import *
